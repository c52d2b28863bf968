package dea

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// In 2012 the first of these would have wedged the DEA for good.
func TestGarbageOnEverySubjectLeavesTheDEAAnswering(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.startApp(h.app("steady"))
		h.news()
		steady := h.only()
		random := rand.New(rand.NewPCG(2012, 99))
		const each = 10_000
		for i := range each {
			for _, subject := range h.subjects() {
				h.send(subject, garbage(random, seeds()))
			}
			if i%100 == 0 {
				h.news()
			}
		}
		time.Sleep(2 * time.Minute) // what was started by accident is given up
		h.news()
		h.send("dea.status", "")
		h.expect("_INBOX.test?max_memory")
		h.send("healthmanager.start", "")
		h.expect("dea.heartbeat?" + steady.id)
		h.startApp(h.app("new"))
		h.expect("dea.advertise", "dea.heartbeat", "router.register")
		h.send("dea.discover", discovery(nil))
		time.Sleep(time.Second)
		h.expect("_INBOX.test")
		if dropped := h.DEA.bus.Dropped(); dropped < each {
			t.Errorf("only %d messages were dropped: was it garbage?", dropped)
		}
	})
}

// subjects are all that the DEA listens to.
func (h *harness) subjects() []string {
	return []string{
		"dea.status", "droplet.status", "dea.discover", "dea.find.droplet", "dea.update", "dea.stop", "dea." + h.id + ".start", "router.start",
		"healthmanager.start", "dea.locate", "vcap.component.discover",
	}
}

// seeds are messages that the DEA understands.
func seeds() []string {
	return []string{
		startWithEverything, `{"droplet":"other","instances":["x"],"indices":[1],"states":["RUNNING"],"version":"1"}`,
		`{"droplet":1,"limits":{"mem":64,"disk":2048,"fds":256},"runtime_info":{"name":"ruby19"},"prod":false}`, `{"id":"x","version":0.98,"hosts":["a"]}`,
		`{"droplet":"other","uris":["a.b","c"]}`, `{"droplet":42,"instance_ids":["x"],"include_stats":true}`,
	}
}

// garbage is noise, or a message with something wrong in it.
func garbage(random *rand.Rand, seeds []string) string {
	if random.IntN(3) == 0 {
		noise := make([]byte, random.IntN(200))
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		return string(noise)
	}
	text := []byte(seeds[random.IntN(len(seeds))])
	for range 1 + random.IntN(4) {
		i := random.IntN(len(text))
		switch random.IntN(4) {
		case 0:
			text[i] = byte(random.Uint32())
		case 1:
			text = text[:max(1, i)]
		case 2:
			text = append(text[:i:i], append([]byte(`-1e99`), text[i:]...)...)
		case 3:
			text[i] = `{}[]":,0-null`[random.IntN(13)]
		}
	}
	return string(text)
}

func FuzzStart(f *testing.F) {
	f.Add([]byte(startWithEverything))
	f.Add([]byte(`{"droplet":1,"name":"../../x","index":9007199254740991,"runtime_info":{"name":"ruby19"},"services":[null,{"vendor":"a=b","credentials":{"host":"h","port":1e300}}]}`))
	f.Add([]byte(`{"droplet":"x","runtime_info":{"name":"n","debug_env":{"run":["A=\"$B\""]},"environment":{"A=B":"\u0000"}},"debug":"run","env":["=","\u0000=1","A=${A}"]}`))
	f.Add([]byte(`{"droplet":"x","sha1":"../..","uris":null,"limits":{"mem":-1},"runtime_info":{"name":"x"}}`))
	log := testkit.Logger(f)
	fetcher := testFetcher(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := protocol.Decode[protocol.StartRequest](payload)
		if err != nil {
			return
		}
		in, err := newInstance(r, "/base/apps", log)
		if err != nil {
			return
		}
		if filepath.Dir(in.dir) != "/base/apps" || len(filepath.Base(in.dir)) > 255 {
			t.Errorf("the directory is %q", in.dir)
		}
		if name := fetcher.wanted(r).name; filepath.Base(name) != name || !filepath.IsLocal(name) || len(name) > 255 {
			t.Errorf("the droplet lies in %q", name)
		}
		if in.memory < 0 || in.disk < 0 || in.fds < 0 {
			t.Errorf("limits are %d, %d and %d", in.memory, in.disk, in.fds)
		}
		in.debugPort = 1
		d := &DEA{ip: "127.0.0.1"}
		list, _ := launch{record: d.record(in), request: in.request, host: d.ip, executable: "/usr/bin/ruby", rubylib: "/base/ruby"}.env()
		for _, entry := range list {
			name, _, ok := strings.Cut(entry, "=")
			if !ok || !validName(name) || strings.ContainsRune(entry, 0) {
				t.Errorf("%q is exported", entry)
			}
		}
		if fmt.Sprint(in.logID()) == "" {
			t.Error("no log id")
		}
	})
}

// Whatever comes on whatever subject: the DEA goes on to answer, and what runs on it runs on.
func FuzzEverySubject(f *testing.F) {
	h := start(f, testConfig(f), func(h *harness) {
		h.droplets.client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("not here") })}
	})
	h.startApp(h.app(bus.Hex(16)))
	h.wait("router.register")
	steady := h.one()
	for i := range h.subjects() {
		for _, seed := range append(seeds(), "", "null", "{", "[]", `"x"`, "-1e999", `{"droplet":{"x":[[[[]]]]}}`, "\xff\x00") {
			f.Add(i, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, which int, payload []byte) {
		subject := h.subjects()[uint(which)%uint(len(h.subjects()))]
		if err := h.client.PublishRaw(subject, "", payload); err != nil {
			t.Skip(err) // larger than a message can be
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if _, err := bus.Do(ctx, h.client, protocol.DEAStatus, protocol.Ignored{}); err != nil {
			t.Fatalf("after %q on %s: %v", payload, subject, err)
		}
		h.DEA.mu.Lock()
		state := steady.state
		h.DEA.mu.Unlock()
		if state != protocol.Running {
			t.Errorf("after %q on %s the app is %s", payload, subject, state)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.heard = nil
	})
}
