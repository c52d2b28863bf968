package dea

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/protocol"
)

// found sends a request and returns the answers.
func (h *harness) found(request string) []protocol.FoundInstance {
	h.t.Helper()
	h.news()
	h.send("dea.find.droplet", request)
	var all []protocol.FoundInstance
	for _, m := range h.news() {
		var f protocol.FoundInstance
		if err := json.Unmarshal(m.Payload, &f); err != nil || m.Subject != "_INBOX.test" {
			h.t.Fatalf("the DEA says %s %s", m.Subject, m.Payload)
		}
		all = append(all, f)
	}
	return all
}

func TestFindDropletAnswersForEachInstance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		r := h.app("hello")
		r.Debug, r.Console = "run", "true"
		h.startApp(r)
		h.news()
		in := h.only()
		h.startApp(h.app("other"))
		time.Sleep(3 * time.Second)
		all := h.found(`{"droplet":"hello","include_stats":true}`)
		if len(all) != 1 {
			t.Fatalf("answers are %+v", all)
		}
		f := all[0]
		if f.DEA != h.id || f.Instance != in.id || f.State != "RUNNING" || f.Staged == nil || *f.Staged != "hello-0-"+in.id || f.StateTimestamp != in.since.Unix() {
			t.Errorf("answer is %+v", f)
		}
		if len(f.Credentials) != 2 || !strings.HasPrefix(f.FileURI, "http://127.0.0.1") || !strings.HasSuffix(f.FileURI, "/droplets/") {
			t.Errorf("files are at %s for %v", f.FileURI, f.Credentials)
		}
		if f.DebugIP == nil || *f.DebugIP != h.ip || f.DebugPort == nil || *f.DebugPort != in.debugPort || f.ConsoleIP == nil || *f.ConsolePort != in.consolePort {
			t.Errorf("debugger and console are %v:%v and %v:%v", f.DebugIP, f.DebugPort, f.ConsoleIP, f.ConsolePort)
		}
		s := f.Stats
		if s == nil || s.Cores != runtime.NumCPU() || s.Name != "hello" || *s.Port != in.port || s.MemQuota != 256<<20 || s.Usage == nil {
			t.Errorf("figures are %+v", s)
		}
	})
}

func TestFindDropletChoosesByAllFilters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		r := h.app("app")
		h.startApp(r)
		h.news()
		first := h.only().id
		r.Index, r.Version, r.Env = 1, "v2", []string{"FAKE_RUN_FOR=1s"} // a crash
		h.startApp(r)
		h.news()
		time.Sleep(time.Second)
		h.listens(false)
		r.Index, r.Env = 2, nil // starting
		h.startApp(r)
		for request, want := range map[string]string{
			`{"droplet":"app"}`:                                                      "[0RUNNING 1CRASHED 2STARTING]",
			`{"droplet":"app","version":"v2"}`:                                       "[1CRASHED 2STARTING]",
			`{"droplet":"app","indices":[0,2]}`:                                      "[0RUNNING 2STARTING]",
			`{"droplet":"app","states":["CRASHED"]}`:                                 "[1CRASHED]",
			`{"droplet":"app","instances":["` + first + `"]}`:                        "[0RUNNING]",
			`{"droplet":"app","instance_ids":["` + first + `"]}`:                     "[0RUNNING]",
			`{"droplet":"app","instance_ids":["` + first + `"],"version":"v2"}`:      "[]",
			`{"droplet":"app","instance_ids":["` + first + `"],"instances":["x"]}`:   "[]",
			`{"droplet":"app","indices":[]}`:                                         "[]",
			`{"droplet":"nobody"}`:                                                   "[]",
			`{"droplet":"app","include_stats":true,"states":["CRASHED","STARTING"]}`: "[1CRASHED 2STARTING]",
		} {
			got := []string{}
			for _, f := range h.found(request) {
				got = append(got, fmt.Sprint(f.Index, f.State))
				if f.Stats != nil {
					t.Errorf("%s: figures of an instance that does not run", request)
				}
			}
			if fmt.Sprint(got) != want {
				t.Errorf("%s finds %v, want %s", request, got, want)
			}
		}
		h.send("dea.stop", `{"droplet":"app"}`)
		if left := h.found(`{"droplet":"app"}`); len(left) != 0 {
			t.Errorf("what was stopped is found: %+v", left)
		}
	})
}
