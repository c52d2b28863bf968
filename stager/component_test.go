package stager

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

func TestStagerIntroducesItself(t *testing.T) {
	t.Parallel()
	server := bustest.NewServer(t)
	b, watcher := bustest.Join(t, server), bustest.Join(t, server)
	announced := make(chan protocol.Component, 1)
	if _, err := bus.Subscribe(watcher, protocol.ComponentAnnounce, func(c protocol.Component) { announced <- c }); err != nil {
		t.Fatal(err)
	}
	if err := watcher.Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t)
	cfg.Status.Port, cfg.PidFilename = 0, filepath.Join(t.TempDir(), "run", "stager.pid")
	cfg.NATSURI = "nats://nats:sekret@127.0.0.1:4222"
	index := 3
	cfg.Index, cfg.Queues = &index, []string{"staging", "staging.second"}
	log, messages := record(t)
	s, err := New(b, builtin.Set(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	stop := startStager(t, s)

	me := <-announced
	if me.Type != "Stager" || me.Index == nil || *me.Index != 3 || !regexp.MustCompile(`^3-[0-9a-f]{32}$`).MatchString(me.UUID) {
		t.Errorf("announced %+v", me)
	}
	if got, want := messages(), []string{"Subscribed to staging", "Subscribed to staging.second", "Server running"}; !slices.Equal(got, want) {
		t.Errorf("the log has the lines\n%s\nwant\n%s", quoted(got), quoted(want))
	}
	if pid, err := os.ReadFile(cfg.PidFilename); err != nil || string(pid) != fmt.Sprintf("%d\n", os.Getpid()) {
		t.Errorf("pid file holds %q, error %v", pid, err)
	}
	c := newController(t, sinatraZip(t))
	if rep := ask(t, b, c.request("app", "sinatra")); rep.Error != "" {
		t.Error(rep.Error)
	}
	ask(t, b, c.request("app", "dotNet"))
	figures, text := varz(t, me)
	for key, want := range map[string]float64{"active_tasks": 0, "queued_tasks": 0, "tasks_succeeded": 1, "tasks_failed": 1, "requests_refused": 0} {
		if figures[key] != want {
			t.Errorf("%s = %v, want %v", key, figures[key], want)
		}
	}
	if strings.Contains(text, "sekret") {
		t.Error("/varz shows the password of the bus")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(cfg.PidFilename); !os.IsNotExist(err) {
		t.Errorf("the pid file is still there: %v", err)
	}
}

func varz(t *testing.T, c protocol.Component) (figures map[string]any, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.Host+"/varz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(c.Credentials[0], c.Credentials[1])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var raw json.RawMessage
	if err := json.NewDecoder(res.Body).Decode(&raw); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &figures); err != nil {
		t.Fatal(err)
	}
	return figures, string(raw)
}

func TestSecondQueueIsServedToo(t *testing.T) {
	t.Parallel()
	b, cfg := bustest.New(t), testConfig(t)
	cfg.Queues = []string{"staging", "staging.second"}
	startStager(t, newStager(t, b, builtin.Set(), cfg))
	c := newController(t, sinatraZip(t))
	rep, err := bus.Do(t.Context(), b, protocol.StagingOn("staging.second"), c.request("app", "sinatra"))
	if err != nil || rep.Error != "" {
		t.Errorf("reply = %+v, error = %v", rep, err)
	}
}

func TestTwoStagersAnswerEachRequestOnce(t *testing.T) {
	t.Parallel()
	const n = 100
	server := bustest.NewServer(t)
	client, cfg := bustest.Join(t, server), testConfig(t)
	served := make(chan int, n)
	for i := range 2 {
		s := newStager(t, bustest.Join(t, server), with(func(context.Context, *plugin.Workspace) error {
			served <- i
			return nil
		}), cfg)
		startStager(t, s)
	}
	c := newController(t, sinatraZip(t))
	payload, err := json.Marshal(c.request("app", "fake"))
	if err != nil {
		t.Fatal(err)
	}
	inbox, answers := "_INBOX."+bus.Hex(8), make(chan string, 2*n)
	sub, err := client.Tap(inbox+".*", func(m bus.Message) { answers <- m.Subject })
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Stop()
	for i := range n {
		if err := client.PublishRaw("staging", fmt.Sprintf("%s.%d", inbox, i), payload); err != nil {
			t.Fatal(err)
		}
	}
	seen, work := map[string]bool{}, map[int]int{}
	for range n {
		seen[<-answers] = true
		work[<-served]++
	}
	if len(seen) != n || len(answers) > 0 || len(served) > 0 {
		t.Errorf("%d of %d requests were answered, %d more than once", len(seen), n, len(answers))
	}
	if work[0] == 0 || work[1] == 0 {
		t.Errorf("the stagers did %v tasks, want both to take part", work)
	}
}

func TestLogShowsNoCredentials(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	log, messages := record(t)
	s, err := New(b, builtin.Set(), testConfig(t), log)
	if err != nil {
		t.Fatal(err)
	}
	startStager(t, s)
	c := newController(t, sinatraZip(t))
	c.password = "sekret"
	r := c.request("app", "sinatra")
	r.Properties.Services = []map[string]any{{"name": "db", "credentials": map[string]any{"password": "topsekret"}}}
	rep := ask(t, b, r)
	all := strings.Join(messages(), "\n")
	if strings.Contains(all, "sekret") {
		t.Errorf("the log shows a password:\n%s", all)
	}
	for _, want := range []string{"Enqueued request {", "Starting task for request", "Uploading droplet", "Done!", "Task " + rep.TaskID + " succeeded"} {
		if !strings.Contains(all, want) {
			t.Errorf("the log has no line %q:\n%s", want, all)
		}
	}
	rep = ask(t, b, c.request("app", "dotNet"))
	if want := "Task " + rep.TaskID + " failed: Staging task failed:\n Staging plugin failed: "; !strings.Contains(strings.Join(messages(), "\n"), want) {
		t.Errorf("the log has no line %q", want)
	}
}

func TestStagerGoesOnAfterTheBusWasRestarted(t *testing.T) {
	t.Parallel()
	port := testkit.FreePort(t)
	url := fmt.Sprintf("nats://127.0.0.1:%d", port)
	join := func() *bus.Bus {
		b := bus.New(bus.Options{URL: url, Log: testkit.Logger(t)})
		if err := b.Open(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() }) // there is no server any more to say goodbye to
		return b
	}
	member, client := join(), join() // before there is a bus
	back := make(chan struct{}, 1)
	member.OnReconnect(func() { back <- struct{}{} })
	s, c := newStager(t, member, builtin.Set(), testConfig(t)), newController(t, sinatraZip(t))
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(ready) }) }()
	for i, awaited := range []chan struct{}{ready, back} {
		t.Run(fmt.Sprintf("bus %d", i+1), func(t *testing.T) {
			bustest.Start(t, bus.ServerConfig{Port: port})
			<-awaited
			for _, b := range []*bus.Bus{member, client} {
				if err := b.Connected(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if rep := ask(t, client, c.request("app", "sinatra")); rep.Error != "" {
				t.Errorf("error = %q", rep.Error)
			}
		})
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the stager ended with: %v", err)
	}
}
