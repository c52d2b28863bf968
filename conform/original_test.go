package conform_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/conform/wire"
)

// original behaves as the DEA of 2012 did, mistakes included, and says what that was recorded to say: each of its messages is a
// recorded one, with the ids and figures of the moment.
type original struct {
	t    *testing.T
	b    *bus.Bus
	said recording
	id   string
	dir  string

	mu       sync.Mutex
	wedged   bool // by a message that made a handler raise
	reserved int
	all      []*player
	flights  map[string]*flight // by sha1
}

const originalMemory = 4096 // MB

// player is an instance of the original.
type player struct {
	wire.Object // the start message
	id, private string
	dir         string
	port, debug int
	console     int
	state       string
	since       int64
	uris        []string
	memory      int
	reserves    bool
	pid         string // "" until it was looked for
}

// startOriginal runs a DEA of 2012 until the test ends, and returns another member of its bus.
func startOriginal(t *testing.T) *bus.Bus {
	t.Helper()
	server := bustest.NewServer(t)
	b := bustest.Join(t, server)
	component := bus.NewComponent(b, bus.ComponentConfig{Type: "DEA"})
	o := &original{t: t, b: b, said: readRecording(t, "v1-dea.jsonl"), id: component.UUID(), dir: t.TempDir()}
	if _, err := b.Tap(">", o.hear); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() { _ = component.Run(ctx, func() { close(ready) }) })
	<-ready
	running.Go(func() { o.tick(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return bustest.Join(t, server)
}

// tick says what is said unasked.
func (o *original) tick(ctx context.Context) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-second.C:
			o.mu.Lock()
			o.advertise()
			o.heartbeat(o.all...)
			o.mu.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

// say publishes a recorded message with other values.
func (o *original) say(subject, kind string, change wire.Object) {
	recorded := o.said[kind]
	if recorded == nil {
		o.t.Errorf("nothing like %s was recorded", kind)
	}
	payload, err := json.Marshal(recorded.With(change))
	if err != nil {
		o.t.Error(err)
	}
	_ = o.b.PublishRaw(subject, "", payload) // a bus that is closed is the end of the test
}

// hear handles one message after the other. What raised in a handler stood in the way of everything behind it.
func (o *original) hear(m bus.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	handle := o.handlers()[m.Subject]
	if handle == nil || o.wedged {
		return
	}
	defer func() {
		if recover() != nil {
			o.wedged = true
		}
	}()
	var in wire.Object
	if len(m.Payload) > 0 {
		var err error
		if in, err = wire.Parse(m.Payload); err != nil {
			panic(err)
		}
	}
	handle(in, m.Reply)
}

func (o *original) handlers() map[string]func(in wire.Object, reply string) {
	return map[string]func(wire.Object, string){
		"dea.status": o.onStatus, "dea.locate": func(wire.Object, string) { o.advertise() }, "dea.discover": o.onDiscover,
		"dea." + o.id + ".start": o.onStart, "dea.stop": o.onStop, "dea.update": o.onUpdate, "dea.find.droplet": o.onFind,
		"droplet.status": o.onDropletStatus, "router.start": o.onRouterStart, "healthmanager.start": func(wire.Object, string) { o.heartbeat(o.all...) },
	}
}

// hello has no port: the tutorial's DEA had no filer_port.
func (o *original) hello() wire.Object {
	return wire.Object{"id": o.id, "ip": "127.0.0.1", "port": nil}
}

func (o *original) onStatus(_ wire.Object, reply string) {
	clients := len(slices.DeleteFunc(slices.Clone(o.all), func(p *player) bool { return !p.reserves }))
	o.say(reply, "answer dea.status", o.hello().With(wire.Object{"max_memory": originalMemory, "reserved_memory": o.reserved, "num_clients": clients}))
}

func (o *original) advertise() {
	if o.reserved < originalMemory {
		o.say("dea.advertise", "dea.advertise", wire.Object{"id": o.id, "available_memory": originalMemory - o.reserved})
	}
}

func (o *original) onDiscover(in wire.Object, reply string) {
	mem := must(in["limits"].(map[string]any)["mem"].(json.Number).Int64())
	if o.program(in["runtime_info"].(map[string]any)) == "" || o.reserved+int(mem) > originalMemory {
		return
	}
	same := 0
	for _, p := range o.all {
		if p.app() == text(in["droplet"]) {
			same++
		}
	}
	taint := 10*time.Millisecond*time.Duration(same) + 100*time.Millisecond*time.Duration(o.reserved)/originalMemory
	time.AfterFunc(min(taint, 250*time.Millisecond), func() { o.say(reply, "answer dea.discover", o.hello()) })
}

// program is the executable that a runtime_info names, if it is what it says.
func (o *original) program(info wire.Object) string {
	names, _ := o.said["dea.advertise"].Texts("runtimes")
	path, err := exec.LookPath(info.Text("executable"))
	if !slices.Contains(names, info.Text("name")) || err != nil || info.Text("version_output") == "" {
		return ""
	}
	flag := info.Text("version_flag")
	if flag == "" {
		flag = "-v"
	}
	out, err := exec.Command("/bin/sh", "-c", "env -i HOME=$HOME "+path+" "+flag+" 2>&1").Output()
	if err != nil || !regexp.MustCompile(info.Text("version_output")).Match(out) {
		return ""
	}
	return path
}

func (o *original) onStart(in wire.Object, _ string) {
	limit := func(key string, otherwise int) int {
		if n, ok := in.Object("limits").Int(key); ok {
			return int(n)
		}
		return otherwise
	}
	mem := limit("mem", 512)
	missing := in.Text("sha1") == "" || in.Text("executableFile") == "" || in.Text("executableUri") == ""
	program := o.program(in["runtime_info"].(map[string]any))
	if o.reserved+mem > originalMemory || missing || program == "" {
		return
	}
	p := &player{Object: in, id: bus.Hex(16), private: bus.Hex(32), memory: mem, reserves: true}
	p.dir = filepath.Join(o.dir, fmt.Sprintf("%s-%s-%s", in.Text("name"), text(in["index"]), p.id))
	p.be("STARTING")
	o.all = append(o.all, p)
	o.reserved += mem
	o.advertise()
	for _, u := range in["uris"].([]any) {
		p.uris = append(p.uris, u.(string))
	}
	quotas := []int{mem << 20, limit("disk", 256) << 20, limit("fds", 1024)}
	p.Object = in.With(wire.Object{"quotas": quotas})
	o.environment(p, 0) // raises when services are no list
	go o.play(p, program)
}

// matches are the instances that a stop or a search is about.
func (o *original) matches(in wire.Object) []*player {
	fits := func(key, value string) bool {
		list, has := in[key].([]any)
		return !has || slices.ContainsFunc(list, func(v any) bool { return text(v) == value })
	}
	var all []*player
	for _, p := range o.all {
		version := in["version"] == nil || text(in["version"]) == p.Text("version")
		if p.app() == text(in["droplet"]) && version && fits("instances", p.id) && fits("indices", text(p.Object["index"])) && fits("states", p.state) {
			all = append(all, p)
		}
	}
	return all
}

func (o *original) onStop(in wire.Object, _ string) {
	for _, p := range o.matches(in) {
		if p.state == "CRASHED" {
			o.forget(p)
			continue
		}
		o.ends(p, "STOPPED")
		stop := exec.Command("/bin/sh", "-c", "./stop "+p.pid+" 2> /dev/null")
		stop.Dir = p.dir
		_ = stop.Run() // whatever comes of it, and however long it takes
		o.release(p)
		o.forget(p)
	}
}

// ends tells that an instance is gone.
func (o *original) ends(p *player, why string) {
	p.be(map[string]string{"STOPPED": "STOPPED", "CRASHED": "CRASHED"}[why])
	if len(p.uris) > 0 {
		o.say("router.unregister", "router.unregister", p.route(o).With(wire.Object{"uris": p.uris}))
	}
	exited := wire.Object{
		"droplet": p.app(), "version": p.Object["version"], "instance": p.id, "index": p.Object["index"], "cc_partition": p.Object["cc_partition"],
	}
	if why == "CRASHED" {
		exited["crash_timestamp"] = p.since
	}
	o.say("droplet.exited", "droplet.exited "+why, exited)
}

func (o *original) release(p *player) {
	if p.reserves {
		p.reserves, o.reserved = false, o.reserved-p.memory
		o.advertise()
	}
}

func (o *original) forget(p *player) {
	o.all = slices.DeleteFunc(o.all, func(x *player) bool { return x == p })
	_ = os.RemoveAll(p.dir)
}

func (o *original) onUpdate(in wire.Object, _ string) {
	var uris []string
	for _, u := range in["uris"].([]any) {
		uris = append(uris, u.(string))
	}
	less := func(a, b []string) []string {
		return append([]string{}, slices.DeleteFunc(slices.Clone(a), func(u string) bool { return slices.Contains(b, u) })...)
	}
	for _, p := range o.matches(wire.Object{"droplet": in["droplet"]}) {
		if len(p.uris) > 0 {
			o.register(p, less(uris, p.uris))
			o.say("router.unregister", "router.unregister", p.route(o).With(wire.Object{"uris": less(p.uris, uris)}))
		}
		p.uris = uris
	}
}

func (o *original) onRouterStart(wire.Object, string) {
	for _, p := range o.all {
		if p.state == "RUNNING" && len(p.uris) > 0 {
			o.register(p, p.uris)
		}
	}
}

func (o *original) register(p *player, uris []string) {
	tags := wire.Object{"framework": p.Object["framework"], "runtime": p.Object.Object("runtime_info")["name"]}
	o.say("router.register", "router.register", p.route(o).With(wire.Object{"uris": uris, "tags": tags, "private_instance_id": p.private}))
}

// heartbeat lists instances; without any there is none.
func (o *original) heartbeat(all ...*player) {
	var droplets []wire.Object
	recorded, _ := o.said["dea.heartbeat"].Objects("droplets")
	for _, p := range all {
		droplets = append(droplets, recorded[0].With(wire.Object{
			"droplet": p.app(), "version": p.Object["version"], "instance": p.id, "index": p.Object["index"], "state": p.state,
			"state_timestamp": p.since, "cc_partition": p.Object["cc_partition"],
		}))
	}
	if len(droplets) > 0 {
		o.say("dea.heartbeat", "dea.heartbeat", wire.Object{"droplets": droplets, "dea": o.id})
	}
}

func (o *original) onFind(in wire.Object, reply string) {
	for _, p := range o.matches(in) {
		found, kind := wire.Object{
			"dea": o.id, "version": p.Object["version"], "droplet": p.app(), "instance": p.id, "index": p.Object["index"], "state": p.state,
			"state_timestamp": p.since, "file_uri": "http://127.0.0.1:/droplets/", "staged": filepath.Base(p.dir),
			"debug_ip": nil, "debug_port": nil, "console_ip": nil, "console_port": nil,
		}, "answer dea.find.droplet"
		if p.debug > 0 {
			found["debug_ip"], found["debug_port"] = "127.0.0.1", p.debug
		}
		if p.console > 0 {
			found["console_ip"], found["console_port"] = "127.0.0.1", p.console
		}
		if in["include_stats"] == true && p.state == "RUNNING" {
			kind += " with stats"
			stats := o.said[kind].Object("stats").With(p.figures())
			if p.pid == "" {
				stats = stats.Without("usage")
			}
			found["stats"] = stats
		}
		o.say(reply, kind, found)
	}
}

func (o *original) onDropletStatus(_ wire.Object, reply string) {
	for _, p := range o.all {
		if p.state == "STARTING" || p.state == "RUNNING" {
			o.say(reply, "answer droplet.status", p.figures())
		}
	}
}

// text is an id, an index or a version as the original took it.
func text(v any) string { return strings.Trim(wire.Show(v), `"`) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
