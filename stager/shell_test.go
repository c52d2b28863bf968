package stager

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

// One request after the other has one of its texts replaced by what a shell would act upon: neither the staging nor the startup script that it
// wrote does.
func TestNoTextOfARequestReachesAShell(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash")
	b := bustest.New(t)
	startStager(t, newStager(t, b, builtin.Set(), testConfig(t)))
	c := newController(t, sinatraZip(t))
	marker := filepath.Join(t.TempDir(), "injected")
	r := c.request("hostile", "sinatra")
	r.Properties.Environment = []string{"FOO=bar"}
	r.Properties.Services = []map[string]any{{
		"name": "db", "label": "mysql-5.1", "vendor": "mysql", "version": "5.1", "plan": "free", "tags": []string{"sql"},
		"credentials": map[string]any{"hostname": "h", "port": 1, "password": "p"},
	}}
	r.Properties.Name, r.Properties.Framework, r.Properties.Runtime = "hostile", "sinatra", "ruby19"
	r.Properties.Meta = map[string]any{"debug": "run", "console": "yes"}
	text, err := json.Marshal(r)
	var message any
	if err == nil {
		err = json.Unmarshal(text, &message)
	}
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for i, changed := range testkit.WithEachText(message, testkit.ForShells("touch "+marker)) {
		id := fmt.Sprint("hostile", i)
		if stagedAs(t, b, c, id, changed) {
			startup(t, c.droplet(id))
			ran++
		}
		if _, err := os.Stat(marker); err == nil {
			t.Fatalf("a shell has seen a text of %v", changed)
		}
	}
	if ran < 10 {
		t.Errorf("only %d requests made a droplet: was it hostile?", ran)
	}
}

// stagedAs asks for a staging whose droplet is to be stored by that id, unless the request names another place.
func stagedAs(t *testing.T, b *bus.Bus, c *fakeController, id string, request any) bool {
	t.Helper()
	text, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("/upload_droplet/hostile/"), []byte("/upload_droplet/"+id+"/"), 1)
	reply, err := bus.Do(t.Context(), b, protocol.Call[json.RawMessage, protocol.StagingReply](protocol.Staging), text)
	if err != nil {
		t.Fatal(err)
	}
	return reply.Error == "" && c.droplet(id) != nil
}

// startup runs the startup script of a droplet, with a runtime that does nothing.
func startup(t *testing.T, tgz []byte) {
	t.Helper()
	dir := t.TempDir()
	if err := droplet.Unpack(t.Context(), bytes.NewReader(tgz), dir, droplet.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	if _, err := droplet.ReplaceRuntime(dir, "true"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("./startup", "-p", "1")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("startup: %v\n%s", err, out)
	}
}
