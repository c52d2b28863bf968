package dea

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// view asks the file viewer, as everybody can who has asked dea.find.droplet.
func (h *harness) view(path string) *http.Response {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.files.URI()+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	req.SetBasicAuth(h.files.Credentials()[0], h.files.Credentials()[1])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { res.Body.Close() })
	return res
}

func body(tb testing.TB, res *http.Response) string {
	tb.Helper()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

func TestFilesOfAnInstanceCanBeSeenWhileItRunsAndAfterItsCrash(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "ps")
	cfg := testConfig(t)
	cfg.FilerPort = 0
	h := start(t, cfg, real)
	var hello protocol.DEAHello
	if err := json.Unmarshal(h.wait("dea.start").Payload, &hello); err != nil || hello.Port == nil || *hello.Port != *h.files.Port() {
		t.Errorf("dea.start has the port %v, %v, want the file viewer's", hello.Port, err)
	}
	r := h.realApp("hello", startup("", `bash -c 'echo hello; while [ ! -e leave ]; do sleep 0.01; done; echo bye'`))
	r.URIs = []string{}
	h.startApp(r)
	h.wait("dea.heartbeat")
	in := h.one()
	testkit.Eventually(t, patience, "the app's first words", func() bool { return body(t, h.view(in.dirName()+"/logs/stdout.log")) == "hello\n" })
	if got := body(t, h.view(in.dirName())); strings.Contains(got, "startup") || !strings.Contains(got, "logs/") {
		t.Errorf("the listing is %q", got)
	}
	tail := h.view(in.dirName() + "/logs/stdout.log?tail")
	if err := os.WriteFile(filepath.Join(in.dir, "app/leave"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := body(t, tail); got != "hello\nbye\n" { // it ends because the instance does
		t.Errorf("the tail is %q", got)
	}
	h.wait("droplet.exited")
	if got := body(t, h.view(in.dirName()+"/logs/stdout.log")); got != "hello\nbye\n" {
		t.Errorf("what is kept of the crash is %q", got)
	}
}
