package dea

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// One message after the other has one of its texts replaced by what a shell would act upon. In 2012 the name of an app was enough to run anything.
func TestNoTextOfAMessageReachesAShell(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "ps", "true")
	cfg := testConfig(t)
	cfg.Runtimes = config.NameMap{{Name: "ruby19", Value: "true"}}
	cfg.MaxMemory = config.Megabytes(1 << 20)
	h := start(t, cfg, real)
	marker := filepath.Join(t.TempDir(), "injected")
	hostile := testkit.ForShells("touch " + marker)
	asked := 0
	for subject, message := range map[string]any{
		"dea." + h.id + ".start": everythingOf(h),
		"dea.discover":           example(t, "dea.discover"),
		"dea.find.droplet":       example(t, "dea.find.droplet"),
		"dea.update":             example(t, "dea.update"),
		"dea.stop":               example(t, "dea.stop"),
	} {
		for _, changed := range testkit.WithEachText(message, hostile) {
			h.send(subject, changed)
			asked++
		}
	}
	h.send("dea.status", "")
	h.wait("_INBOX.test") // that all was heard
	testkit.Eventually(t, patience, "all to have ended", func() bool {
		h.DEA.mu.Lock()
		defer h.DEA.mu.Unlock()
		return len(h.registry.in(born, protocol.Starting, protocol.Running)) == 0
	})
	ran := 0
	for _, dir := range entries(t, h.paths.apps) {
		if _, err := os.Stat(filepath.Join(h.paths.apps, dir, "ran")); err == nil {
			ran++
		}
	}
	if asked < 30 || ran < 20 {
		t.Errorf("%d messages were sent and %d instances ran: was it hostile?", asked, ran)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("a shell has seen a text of a message")
	}
}

// everythingOf is a start message in which all is said that one can say.
func everythingOf(h *harness) any {
	h.t.Helper()
	r := h.realApp("hello", "#!/bin/bash\ntouch ran\n")
	r.Env, r.Debug, r.Console = []string{"FOO=bar", "QUOTED='x'"}, "run", "true"
	r.RuntimeInfo.VersionFlag, r.RuntimeInfo.AdditionalChecks = "-v", "-c"
	r.RuntimeInfo.Environment = map[string]protocol.Text{"LANG": "C"}
	r.RuntimeInfo.DebugEnv = map[string][]string{"run": {"DEBUG=yes"}}
	r.Services = protocol.Services{{"name": "db", "label": "mysql-5.1", "vendor": "mysql", "credentials": map[string]any{"hostname": "h", "port": "1", "password": "p"}}}
	text, err := json.Marshal(r)
	if err != nil {
		h.t.Fatal(err)
	}
	return parsed(h.t, text)
}

func example(tb testing.TB, subject string) any {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("..", "protocol", "testdata", subject+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return parsed(tb, text)
}

func parsed(tb testing.TB, text []byte) (v any) {
	tb.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		tb.Fatal(err)
	}
	return v
}
