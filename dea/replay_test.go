package dea

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
)

// recorded is one message of the traffic that the original DEA was recorded with.
type recorded struct {
	Subject string          `json:"subject"`
	Reply   *string         `json:"reply"`
	Payload json.RawMessage `json:"payload"`
}

// fates are what became of the recorded apps, by their sha1.
func fates() map[string]string {
	return map[string]string{
		"sha-env1":   `"FAKE_RUN_FOR=10m"`, // somebody killed it
		"sha-env2":   `"FAKE_RUN_FOR=10s"`,
		"sha-crash1": `"FAKE_RUN_FOR=1s","FAKE_READY_AFTER=never"`,
		"sha-fl":     `"FAKE_RUN_FOR=1s","FAKE_READY_AFTER=never"`,
	}
}

// wedged lists the recorded requests that the original left without an answer only because the
// message before had wedged it.
func wedged() []string {
	return []string{"_INBOX.lab5b81e4f8299406b5", "_INBOX.lab2ffe7f78a67907db", "_INBOX.laba613131f6e9745c2"}
}

func TestDEASaysWhatTheOriginalSaid(t *testing.T) {
	t.Parallel()
	traffic := readTraffic(t)
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		cfg.Runtimes = config.NameMap{{Name: "ruby19"}, {Name: "ruby18"}, {Name: "node"}, {Name: "java"}} // a list, as in 2012
		cfg.StrictRuntimeVersions = true
		h := start(t, cfg, func(h *harness) {
			h.DEA.backend = h.backend.Backend // with its Prober
			h.droplets.client = &http.Client{Transport: originalCC(t)}
		})
		r := &replay{h: h, original: "8187ad44cd882f2e33b2ea7e9edb62c1"}
		for i, m := range traffic {
			r.line = i + 1
			r.step(m)
		}
		if left := h.news(); len(left) != 0 {
			t.Errorf("at the end the DEA says more than the original:\n%s", show(left))
		}
		if r.compared != 81 {
			t.Errorf("%d messages were compared, want the recording's 81", r.compared)
		}
	})
}

// originalCC serves the droplets that the recording's cloud controller had.
func originalCC(tb testing.TB) http.RoundTripper {
	bits := packed(tb, map[string]string{"startup": "#!/bin/sh\n%VCAP_LOCAL_RUNTIME% app.rb\n", "stop": "#!/bin/sh\n"})
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		switch {
		case r.URL.Port() != "9393":
			return nil, errors.New("connection refused")
		case strings.HasSuffix(r.URL.Path, "/nodroplet"):
			return &http.Response{Status: "404 Not Found", StatusCode: http.StatusNotFound, Body: http.NoBody}, nil
		}
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(bits))}, nil
	})
}

func readTraffic(tb testing.TB) []recorded {
	tb.Helper()
	f, err := os.Open("testdata/v1-dea.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var all []recorded
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var m recorded
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			tb.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// replay sends what the original was sent, and compares what it is told with what the original
// told.
type replay struct {
	h        *harness
	original string // its id
	line     int
	compared int

	said      []bus.Message     // of our DEA, not yet compared
	foreign   map[string]bool   // inboxes of requests that are not replayed
	instances map[string]string // ours by the original's id
	memory    string            // last advertised
	running   map[string]bool   // instances whose start was told
	located   bool              // an advertisement was asked for
	listened  bool              // a heartbeat was asked for
}

func (r *replay) step(m recorded) {
	if r.foreign == nil {
		r.foreign, r.running, r.instances = map[string]bool{}, map[string]bool{}, map[string]string{}
	}
	switch {
	case m.Subject == "staging":
		r.foreign[*m.Reply] = true // the stager's
	case r.isRequest(m):
		r.request(m)
	case !r.skip(m):
		r.compare(m)
	}
}

func (r *replay) isRequest(m recorded) bool {
	asked := []string{"dea.status", "dea.discover", "dea.locate", "dea.stop", "dea.update", "dea.find.droplet", "droplet.status", "router.start", "healthmanager.start", "dea." + r.original + ".start"}
	return slices.Contains(asked, m.Subject)
}

func (r *replay) request(m recorded) {
	h := r.h
	time.Sleep(3 * time.Second) // for a measurement
	if r.said = append(r.said, h.news()...); len(r.said) != 0 {
		h.t.Fatalf("before line %d the DEA says more than the original:\n%s", r.line, show(r.said))
	}
	payload := strings.ReplaceAll(string(m.Payload), `"executable": "ruby"`, `"executable": "/bin/sh"`)
	for original, ours := range r.instances {
		payload = strings.ReplaceAll(payload, original, ours)
	}
	var text string
	if json.Unmarshal(m.Payload, &text) == nil {
		payload = text // it was recorded as a string because it is no JSON: "" or "{oops"
	}
	for sha, fate := range fates() {
		if strings.Contains(payload, `"sha1": "`+sha+`"`) {
			payload = strings.Replace(payload, `"env": [`, `"env": [`+fate+`,`, 1)
			payload = strings.Replace(payload, `,]`, `]`, 1)
		}
	}
	inbox := ""
	if m.Reply != nil {
		inbox = *m.Reply
	}
	if err := h.client.PublishRaw(strings.Replace(m.Subject, r.original, h.id, 1), inbox, []byte(payload)); err != nil {
		h.t.Fatal(err)
	}
	said := slices.DeleteFunc(h.news(), func(said bus.Message) bool {
		return said.Subject == strings.Replace(m.Subject, r.original, h.id, 1) && string(said.Payload) == payload // our own request
	})
	r.said = append(r.said, said...)
	r.located, r.listened = m.Subject == "dea.locate", m.Subject == "healthmanager.start"
	if slices.Contains(wedged(), inbox) {
		r.answered(inbox)
	}
}

// answered takes the answer that the original owed.
func (r *replay) answered(inbox string) {
	time.Sleep(time.Second)
	r.said = append(r.said, r.h.news()...)
	if len(r.said) != 1 || r.said[0].Subject != inbox {
		r.h.t.Errorf("line %d: after a bad message the DEA says\n%swant an answer", r.line, show(r.said))
	}
	r.said = nil
}

// skip reports whether a message is not an answer to anything: the periodic ones, and those of
// others.
func (r *replay) skip(m recorded) bool {
	var p struct {
		Type     string      `json:"type"`
		Memory   json.Number `json:"available_memory"`
		Droplets []struct{ Instance, State string }
		URIs     *[]string
	}
	if err := json.Unmarshal(m.Payload, &p); err != nil {
		r.h.t.Fatalf("line %d: %v", r.line, err)
	}
	switch m.Subject {
	case "vcap.component.announce":
		return p.Type != "DEA"
	case "dea.advertise":
		periodic := p.Memory.String() == r.memory && !r.located
		r.memory, r.located = p.Memory.String(), false
		return periodic
	case "dea.heartbeat":
		first := p.Droplets[0].State == "RUNNING" && !r.running[p.Droplets[0].Instance]
		r.running[p.Droplets[0].Instance] = r.running[p.Droplets[0].Instance] || first
		periodic := !first && !r.listened
		r.listened = false
		return periodic
	case "router.register", "router.unregister":
		return p.URIs != nil && len(*p.URIs) == 0 // no more than noise after a dea.update
	}
	return r.foreign[m.Subject]
}

func (r *replay) compare(m recorded) {
	h := r.h
	for waited := time.Duration(0); len(r.said) == 0; waited += time.Second {
		if r.said = h.news(); waited > 15*time.Minute {
			h.t.Fatalf("line %d: the DEA does not say what the original said: %s %s", r.line, m.Subject, m.Payload)
		}
		if len(r.said) == 0 {
			time.Sleep(time.Second)
		}
	}
	said := r.said[0]
	r.said = r.said[1:]
	r.compared++
	if said.Subject != m.Subject {
		h.t.Fatalf("line %d: the DEA says\n  %s %s\nthe original\n  %s %s", r.line, said.Subject, said.Payload, m.Subject, m.Payload)
	}
	r.instances[instanceIn(m.Payload)] = instanceIn(said.Payload)
	got, want := shape(h.t, said.Payload), shape(h.t, m.Payload)
	if !maps.Equal(got, want) {
		h.t.Errorf("line %d: %s is\n  %v\nof the original\n  %v", r.line, m.Subject, got, want)
	}
}

// instanceIn is the instance that a payload is about, if it is about one.
func instanceIn(payload []byte) string {
	var p struct {
		Instance string
		Droplets []struct{ Instance string }
	}
	if json.Unmarshal(payload, &p) == nil && len(p.Droplets) == 1 {
		return p.Droplets[0].Instance
	}
	return cmp.Or(p.Instance, "none")
}

// shape is a payload by the paths of its keys, with the values that do not depend on the run, and
// the type of the others.
func shape(tb testing.TB, payload []byte) map[string]string {
	tb.Helper()
	var v any
	if err := json.Unmarshal(payload, &v); err != nil {
		tb.Fatal(err)
	}
	all := map[string]string{}
	walk(all, "", v)
	return all
}

func walk(all map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		_, hello := v["ip"] // whose port is the file viewer's: a bubble has none
		for k, inner := range v {
			if !(hello && k == "port") {
				walk(all, path+"."+k, inner)
			}
		}
		return
	case []any:
		for i, inner := range v {
			walk(all, fmt.Sprintf("%s[%d]", path, i), inner)
		}
		return
	}
	key := path[strings.LastIndex(path, ".")+1:]
	switch key {
	case "port", "id", "uuid", "dea", "host", "credentials[0]", "credentials[1]", "start", "instance", "private_instance_id", "state_timestamp", "crash_timestamp", "staged", "cores", "file_uri", "debug_ip", "console_ip", "debug_port", "console_port",
		"uptime", "time", "cpu", "mem", "disk", "used_memory", "uris[0]":
		all[path] = fmt.Sprintf("%T", v)
	default:
		all[path] = fmt.Sprint(v)
	}
}
