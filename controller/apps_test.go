package controller

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// stage is a controller with records, and everything that is said on its bus.
type stage struct {
	*running
	server *bus.Server
	bus    *bus.Bus

	mu     sync.Mutex
	heard  []string // "dea.stop {…}"; of starts, "start <index>"
	starts []protocol.StartRequest
}

// startStage runs a controller with records, and listens to all that a DEA or a health manager would.
func startStage(t *testing.T, alter func(*Config)) *stage {
	t.Helper()
	server := newKeeper(t)
	s := &stage{server: server, bus: bustest.Join(t, server)}
	if _, err := s.bus.Tap(">", s.hear); err != nil {
		t.Fatal(err)
	}
	if err := s.bus.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.running = start(t, bustest.Join(t, server), t.TempDir(), alter)
	return s
}

func (s *stage) hear(m bus.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasSuffix(m.Subject, ".start") && strings.HasPrefix(m.Subject, "dea.") {
		r, err := protocol.Decode[protocol.StartRequest](m.Payload)
		if err == nil {
			s.starts = append(s.starts, r)
		}
		s.heard = append(s.heard, fmt.Sprintf("%s %d", m.Subject, r.Index))
		return
	}
	switch m.Subject {
	case "dea.stop", "dea.update", "droplet.updated":
		s.heard = append(s.heard, m.Subject+" "+string(m.Payload))
	}
}

// expect waits until these messages, and no others, were sent since the last call.
func (s *stage) expect(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	testkit.Eventually(t, 20*time.Second, fmt.Sprintf("%d messages", len(want)), func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		got = append([]string{}, s.heard...)
		return len(got) >= len(want)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = nil
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("sent:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// addDEA answers every dea.discover.
func (s *stage) addDEA(t *testing.T, id string) {
	t.Helper()
	b := bustest.Join(t, s.server)
	_, err := bus.Answer(b, protocol.DEADiscover, func(_ protocol.DiscoverRequest, reply func(protocol.DEAHello)) {
		reply(protocol.DEAHello{ID: id, IP: "127.0.0.1", Version: protocol.DEAVersion})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// upload makes content the droplet of an app, and returns its SHA1.
func (s *stage) upload(t *testing.T, id, content string) string {
	t.Helper()
	body, contentType := form(t, dropletField, []byte(content))
	if a := s.send(t, "POST", "/upload_droplet/"+id+"/x", body, "Content-Type", contentType); a.StatusCode != http.StatusOK {
		t.Fatalf("upload: %s %s", a.Status, a.body)
	}
	return hexSHA1([]byte(content))
}

// ask does a request about apps and returns the app in the answer.
func (s *stage) ask(t *testing.T, method, path, body string) shownApp {
	t.Helper()
	a := s.send(t, method, path, strings.NewReader(body))
	var shown shownApp
	if err := json.Unmarshal([]byte(a.body), &shown); err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s", method, path, a.Status, a.body)
	}
	return shown
}

const helloApp = `{"instances":2,"runtime":"ruby19","framework":"sinatra","uris":["Hello.localhost"],"memory":128,"env":["A=b c"]}`

// The life of an app that has a record, with all that is said on the bus about it.
func TestRecordOfAnAppHasConsequences(t *testing.T) {
	t.Parallel()
	s := startStage(t, nil)
	s.addDEA(t, "d1")
	sha := s.upload(t, "hello", "droplet")
	app := s.ask(t, "PUT", "/minicf/apps/hello", helloApp)
	if app.State != "STARTED" || app.Instances != 2 || app.Version != protocol.Text(sha+"-1") || app.URIs[0] != "hello.localhost" {
		t.Errorf("the app is %+v", app)
	}
	updated := `droplet.updated {"droplet":"hello","cc_partition":"default"}`
	s.expect(t, "dea.d1.start 0", "dea.d1.start 1", updated)

	s.ask(t, "PATCH", "/minicf/apps/hello", `{"instances":3}`)
	s.expect(t, "dea.d1.start 2", updated)
	s.ask(t, "PATCH", "/minicf/apps/hello", `{"instances":1}`)
	s.expect(t, `dea.stop {"droplet":"hello","version":"`+sha+`-1","indices":[1,2]}`, updated)
	s.ask(t, "PATCH", "/minicf/apps/hello", `{"uris":["other.localhost"]}`)
	s.expect(t, `dea.update {"droplet":"hello","uris":["other.localhost"]}`)
	s.ask(t, "PATCH", "/minicf/apps/hello", `{"state":"STOPPED"}`)
	s.expect(t, `dea.stop {"droplet":"hello"}`, updated)
	if app := s.ask(t, "PATCH", "/minicf/apps/hello", `{"state":"STARTED"}`); app.Version != protocol.Text(sha+"-2") {
		t.Errorf("the version after a second start is %s, want -2", app.Version)
	}
	s.expect(t, "dea.d1.start 0", updated)
	if a := s.send(t, "DELETE", "/minicf/apps/hello", nil); a.StatusCode != http.StatusNoContent {
		t.Errorf("delete: %s %s", a.Status, a.body)
	}
	s.expect(t, `dea.stop {"droplet":"hello"}`, updated)
	for method, path := range map[string]string{"GET": "/minicf/apps/hello", "PATCH": "/minicf/apps/hello", "DELETE": "/minicf/apps/hello"} {
		s.send(t, method, path, strings.NewReader("{}")).expect(t, 404, 301, "not found")
	}
	s.send(t, "GET", "/staged_droplets/hello/"+sha, nil).expect(t, 404, 301, "not found")
}

func TestStartMessageHasAllThatTheRecordHas(t *testing.T) {
	t.Parallel()
	s := startStage(t, func(c *Config) { c.CCPartition = "east" })
	s.addDEA(t, "d1")
	sha := s.upload(t, "hello", "droplet")
	s.ask(t, "PUT", "/minicf/apps/hello", `{"runtime":"ruby19","framework":"sinatra","uris":["h.localhost"],"memory":128,"disk":64,"fds":32,
		"env":["A=it's $5"],"name":"Hello","services":[{"label":"redis","credentials":{"port":12345678901234567890}}]}`)
	s.expect(t, "dea.d1.start 0", `droplet.updated {"droplet":"hello","cc_partition":"east"}`)
	got, err := json.Marshal(s.starts[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"droplet":"hello"`, `"name":"Hello"`, `"uris":["h.localhost"]`, `"runtime":"ruby19"`, `"runtime_info":{"name":"ruby19"`, `"framework":"sinatra"`,
		`"sha1":"` + sha + `"`, `"version":"` + sha + `-1"`, `"limits":{"mem":128,"disk":64,"fds":32}`, `"env":["A=it's $5"]`, `"cc_partition":"east"`,
		`"port":12345678901234567890`, `"executableUri":"` + s.URL() + "/staged_droplets/hello/" + sha + `"`,
	} {
		if !strings.Contains(string(got), want) && !strings.Contains(string(got), strings.ReplaceAll(want, "'", `\u0027`)) {
			t.Errorf("the start message lacks %s: %s", want, got)
		}
	}
	if on, err := os.ReadFile(s.starts[0].ExecutableFile); err != nil || string(on) != "droplet" || !filepath.IsAbs(s.starts[0].ExecutableFile) {
		t.Errorf("executableFile %s has %q, %v, want the droplet", s.starts[0].ExecutableFile, on, err)
	}
}

// An app runs with the droplet that it was deployed with; a newer upload is for the next deploy. Until then both are there.
func TestDropletOfARecordIsKept(t *testing.T) {
	t.Parallel()
	s := startStage(t, nil)
	old := s.upload(t, "hello", "old")
	s.ask(t, "PUT", "/minicf/apps/hello", helloApp)
	fresh := s.upload(t, "hello", "fresh")
	get := func(sha string) string { return s.send(t, "GET", "/staged_droplets/hello/"+sha, nil).body }
	if get(old) != "old" || get(fresh) != "fresh" {
		t.Errorf("droplets are %q and %q, want both", get(old), get(fresh))
	}
	s.stop()
	s.running = start(t, bustest.Join(t, s.server), s.dir, nil)
	if get(old) != "old" || get(fresh) != "fresh" {
		t.Errorf("after a restart droplets are %q and %q, want both", get(old), get(fresh))
	}
	if app := s.ask(t, "PUT", "/minicf/apps/hello", ""); app.Version != protocol.Text(fresh+"-1") || app.Instances != 2 {
		t.Errorf("deployed again it is %+v, want version %s-1 and the instances of before", app, fresh)
	}
	s.send(t, "GET", "/staged_droplets/hello/"+old, nil).expect(t, 404, 301, "not found")
	if left := s.files(t, "droplets/bits"); len(left) != 1 {
		t.Errorf("bits = %v, want those of the newer droplet alone", left)
	}
}

func TestAppsAreListedWithWhatRuns(t *testing.T) {
	t.Parallel()
	s := startStage(t, nil)
	for _, id := range []string{"b", "a", "c"} {
		s.upload(t, id, id)
		s.ask(t, "PUT", "/minicf/apps/"+id, helloApp)
	}
	s.ask(t, "PATCH", "/minicf/apps/c", `{"state":"STOPPED"}`)
	_, err := bus.Answer(s.bus, protocol.HealthManagerHealth, func(r protocol.HealthRequest, reply func(protocol.HealthReply)) {
		for _, d := range r.Droplets {
			if d.Droplet == "a" {
				reply(protocol.HealthReply{Droplet: d.Droplet, Version: d.Version, Healthy: 1})
			}
			reply(protocol.HealthReply{Droplet: d.Droplet, Version: "of another version", Healthy: 7})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.bus.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all []shownApp
	if err := json.Unmarshal([]byte(s.send(t, "GET", "/minicf/apps", nil).body), &all); err != nil || len(all) != 3 {
		t.Fatalf("%d apps, %v, want three", len(all), err)
	}
	for i, want := range []string{"a 1", "b <nil>", "c 0"} {
		running := "<nil>"
		if all[i].Running != nil {
			running = fmt.Sprint(*all[i].Running)
		}
		if got := all[i].ID + " " + running; got != want {
			t.Errorf("app %d is %s, want %s", i, got, want)
		}
	}
}

func TestBadDescriptionsOfAppsAreRefused(t *testing.T) {
	t.Parallel()
	s := startStage(t, nil)
	s.send(t, "PUT", "/minicf/apps/hello", strings.NewReader(helloApp)).expect(t, 400, 100, "stage it first")
	s.upload(t, "hello", "droplet")
	s.upload(t, "-bad-", "droplet")
	for body, says := range map[string]string{
		`{"instances":-1,"runtime":"x"}`:               "instances",
		`{"instances":1001,"runtime":"x"}`:             "instances",
		`{"instances":"two","runtime":"x"}`:            "instances",
		`{"state":"ASLEEP","runtime":"x"}`:             "state",
		`{"state":"DELETED","runtime":"x"}`:            "state",
		`{"memory":0,"runtime":"x"}`:                   "memory",
		`{"disk":99999999,"runtime":"x"}`:              "disk",
		`{"env":["no value"],"runtime":"x"}`:           "env",
		`{"name":"","runtime":"x"}`:                    "name",
		`{}`:                                           "runtime",
		`{"instance":2,"runtime":"x"}`:                 "instance",
		`{"runtime":"x"} {"runtime":"y"}`:              "no more",
		`[]`:                                           "JSON",
		`{`:                                            "JSON",
		`{"name":"` + strings.Repeat("x", 2<<20) + `"`: "large",
	} {
		s.send(t, "PUT", "/minicf/apps/hello", strings.NewReader(body)).expect(t, 400, 100, says)
	}
	s.send(t, "PUT", "/minicf/apps/-bad-", strings.NewReader(helloApp)).expect(t, 400, 100, "ID")
	s.send(t, "GET", "/minicf/apps/hello", nil).expect(t, 404, 301, "not found")
	if a := s.send(t, "GET", "/minicf/apps", nil); a.body != "[]\n" {
		t.Errorf("apps = %s, want none", a.body)
	}
}

// Without a place for records the tutorial goes on, and what needs them says what to start.
func TestControllerWithoutRecordsSaysWhatToStart(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	c.send(t, "GET", "/minicf/apps", nil).expect(t, 503, 101, "nats.yml")
	if a := c.send(t, "GET", "/download_unstaged_app/x", nil); a.StatusCode != http.StatusOK {
		t.Errorf("the tutorial's route: %s", a.Status)
	}
}

// Both of two who change an app at once see their change in the end.
func TestChangesAtOnceAreNotLost(t *testing.T) {
	t.Parallel()
	s := startStage(t, nil)
	s.upload(t, "hello", "droplet")
	s.ask(t, "PUT", "/minicf/apps/hello", helloApp)
	other := start(t, bustest.Join(t, s.server), t.TempDir(), nil)
	var both sync.WaitGroup
	for range 10 {
		both.Go(func() { patch(t, s.URL(), `{"instances":7}`) })
		both.Go(func() { patch(t, other.URL(), `{"memory":77}`) })
	}
	both.Wait()
	if app := s.ask(t, "GET", "/minicf/apps/hello", ""); app.Instances != 7 || app.Memory != 77 {
		t.Errorf("the app is %+v, want 7 instances and 77 MB", app)
	}
}

func patch(t *testing.T, url, body string) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, url+"/minicf/apps/hello", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", res.Status, text)
	}
}

// newKeeper is a bus that keeps records.
func newKeeper(tb testing.TB) *bus.Server {
	tb.Helper()
	return bustest.Start(tb, bus.ServerConfig{NoListen: true, Records: tb.TempDir()})
}
