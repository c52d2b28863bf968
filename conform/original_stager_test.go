package conform_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// originalStager behaves as the stager of 2012 did, which was a shell with curl, unzip and tar, and answers as it was recorded to.
type originalStager struct {
	t    *testing.T
	said wire.Object
	log  string // recorded
}

// startOriginalStager runs a stager of 2012 until the test ends, and returns another member of its bus.
func startOriginalStager(t *testing.T) *bus.Bus {
	t.Helper()
	testkit.RequireTool(t, "curl", "unzip", "tar")
	server := bustest.NewServer(t)
	b := bustest.Join(t, server)
	s := &originalStager{t: t, said: readRecording(t, "v1-staging.jsonl")["answer staging"]}
	s.log = s.said.Text("task_log")
	component := bus.NewComponent(b, bus.ComponentConfig{Type: "Stager"})
	var running sync.WaitGroup
	slots := make(chan struct{}, 4)
	_, err := bus.Serve(b, protocol.Staging, "staging", func(r bus.Request[protocol.StagingReply]) {
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			s.work(r)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready := make(chan struct{})
	running.Go(func() { _ = component.Run(ctx, func() { close(ready) }) })
	<-ready
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return bustest.Join(t, server)
}

// work stages an app. What raised was logged, and answered by nothing.
func (s *originalStager) work(r bus.Request[protocol.StagingReply]) {
	defer func() { _ = recover() }()
	in := must(wire.Parse(r.Payload))
	id, dir := bus.Hex(16), must(os.MkdirTemp("", "original-stager-"))
	defer os.RemoveAll(dir)
	done, err := s.stage(in, dir)
	reply := protocol.StagingReply{TaskID: id, TaskLog: s.recorded(done)}
	if err != nil {
		reply.Error = "Staging task failed:\n " + err.Error()
		if strings.HasPrefix(err.Error(), "Staging plugin failed") {
			reply.TaskLog = s.recorded(4) + "[2012-11-13 22:13:08] " + err.Error() + "\n"
		}
	}
	r.Reply(reply)
}

// recorded is the recorded log up to a step, with the plugin's lines behind the fourth.
func (s *originalStager) recorded(steps int) string {
	all := strings.SplitAfter(s.log, "\n")
	if steps > 4 {
		steps += 3
	}
	return strings.Join(all[:steps], "")
}

// stage returns how many steps were begun.
func (s *originalStager) stage(in wire.Object, dir string) (int, error) {
	must(0, errors.Join(os.Mkdir(dir+"/unstaged", 0o700), os.Mkdir(dir+"/staged", 0o700)))
	if curl(dir, in["download_uri"].(string), "output = \""+dir+"/app.zip\"") != nil {
		return 2, errors.New("Failed downloading app")
	}
	if sh("unzip -q "+dir+"/app.zip -d "+dir+"/unstaged") != nil {
		return 3, errors.New("Failed unpacking app")
	}
	if err := s.plugin(in["properties"].(map[string]any), dir+"/unstaged", dir+"/staged"); err != nil {
		return 4, fmt.Errorf("Staging plugin failed: %w\n", err) //nolint:revive,staticcheck // the words of 2012
	}
	if sh("cd "+dir+"/staged && tar -czf "+dir+"/droplet.tgz *") != nil {
		return 5, errors.New("Failed creating droplet")
	}
	if curl(dir, in["upload_uri"].(string), "form = \"upload[droplet]=@"+dir+"/droplet.tgz\"") != nil {
		return 6, errors.New("Failed uploading droplet")
	}
	return 7, nil
}

func sh(command string) error { return exec.Command("/bin/sh", "-c", command).Run() }

// curl hands it the user and the password as they stand in the URI.
func curl(dir, uri, what string) error {
	config := what + "\n"
	if found := regexp.MustCompile("^([a-z]+://)(.*)@(.*)$").FindStringSubmatch(uri); found != nil {
		config += "user = \"" + found[2] + "\"\n"
		uri = found[1] + found[3]
	}
	config += "url = \"" + uri + "\"\n"
	must(0, os.WriteFile(dir+"/curl", []byte(config), 0o600))
	return sh("env http_proxy= https_proxy= curl -s -S -f -K " + dir + "/curl")
}

// plugin is what was run by `ruby run_plugin NAME CONFIG`, in a shell. Its schema raised.
func (s *originalStager) plugin(properties wire.Object, source, staged string) error {
	for _, hash := range properties["services"].([]any) {
		_ = hash.(map[string]any)
	}
	_ = properties["runtime_info"].(map[string]any)["version"].(string)
	for _, key := range []string{"memory", "disk", "fds"} {
		n := properties["resources"].(map[string]any)[key].(json.Number)
		must(n.Int64())
	}
	name := properties["framework_info"].(map[string]any)["name"].(string)
	out, err := exec.Command("/bin/sh", "-c", "echo "+name).Output()
	words := strings.Fields(string(out))
	switch {
	case err != nil:
		return err
	case strings.Contains(name, ";"):
		return nil // what stood behind the ; went well, and nothing was staged
	case len(words) == 1 && words[0] == "spring":
		return errors.New("Web application staging failed: web.xml not found")
	case len(words) != 1 || words[0] != "sinatra":
		return fmt.Errorf("cannot load such file -- %s/plugin.rb (LoadError)", name)
	}
	return s.sinatra(source, staged)
}

func (s *originalStager) sinatra(source, staged string) error {
	_ = sh("cd " + staged + " && mkdir app logs tmp && cp -a " + source + "/* app") // an app without files is no error
	if _, err := os.Stat(filepath.Join(staged, "app", "app.rb")); err != nil {
		return errors.New("Unable to determine Sinatra startup command")
	}
	lines := strings.SplitAfter(s.log, "\n")[4:7]
	for i, line := range lines {
		_, lines[i], _ = strings.Cut(line, "] ")
	}
	for name, text := range map[string]string{"logs/staging.log": strings.Join(lines, ""), "startup": tutorialStartup, "stop": tutorialStop} {
		must(0, os.WriteFile(filepath.Join(staged, name), []byte(text), 0o644))
	}
	return sh("cd " + staged + " && chmod 500 startup stop")
}

// The scripts of the tutorial.
const (
	tutorialStartup = `#!/bin/bash
export RACK_ENV="${RACK_ENV:-production}"
export RUBYOPT="-rubygems -I$PWD/ruby -rstdsync"
export TMPDIR="$PWD/tmp"
mkdir ruby
echo "\$stdout.sync = true" >> ./ruby/stdsync.rb
cd app
%VCAP_LOCAL_RUNTIME% app.rb $@ > ../logs/stdout.log 2> ../logs/stderr.log &
STARTED=$!
echo "$STARTED" >> ../run.pid
wait $STARTED
`
	tutorialStop = `#!/bin/bash
export TMPDIR="$PWD/tmp"
APP_PID=$1
APP_PPID=` + "`ps -o ppid= -p $APP_PID`" + `
kill -9 $APP_PID
kill -9 $APP_PPID
`
)
