package deacases

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/puppet"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// spec is an app that a case wants. The zero value is one that opens its port as soon as it has started.
type spec struct {
	name     string // "" is "app"
	startup  string // text of the script; "" is one that runs a puppet. URL and PUPPET in it are replaced
	stop     string // likewise; "" is one that kills
	noScript bool   // no startup at all
	files    []depot.Entry
	prefix   string // of the names in the archive
	hold     bool   // does not open its port before it is told to
	change   wire.Object
	without  []string        // keys that the start message lacks
	download *depot.Download // instead; without a Body it is the droplet made of all this
	memory   int             // MB; 0 is appMemory
}

// app is an instance that was asked for.
type app struct {
	k       *Kit
	droplet string // its id as the DEA must write it
	message wire.Object
	mark    wire.Mark // before the start
	stage   *depot.Stage
	file    *depot.File
	memory  int

	give func() // gives back its memory, once
}

// runPuppet is how a startup script ends: as those of 2012 do, it leaves the pid of the app where DEAs look for it, and waits.
const runPuppet = `PUPPET URL "$@" &
STARTED=$!
echo "$STARTED" >> run.pid
wait $STARTED
`

const startPuppet = "#!/bin/sh\n" + runPuppet

const killIt = "#!/bin/sh\nkill -9 $1\n"

// prepare makes a droplet and the message that starts it.
func (k *Kit) prepare(s spec) *app {
	if s.name == "" {
		s.name = "app"
	}
	if s.memory == 0 {
		s.memory = appMemory
	}
	a := &app{k: k, memory: s.memory, droplet: fmt.Sprintf("conform-%s-%s-%d", k.run, s.name, k.apps.Add(1))}
	var opening []puppet.Order
	if !s.hold {
		opening = append(opening, puppet.Order{Do: "listen"})
	}
	a.stage = k.depot.Stage(opening...)
	bits := depot.Download{}
	if s.download != nil {
		bits = *s.download
	}
	if bits.Body == nil {
		bits.Body = k.pack(s, a.stage.URL)
	}
	a.file = k.depot.Offer(bits)
	a.message = k.startMessage(a, s).With(s.change).Without(s.without...)
	if id, ok := s.change["droplet"]; ok {
		a.droplet = strings.Trim(wire.Show(id), `"`)
	}
	a.give = func() {}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.started = append(k.started, a)
	return a
}

func (k *Kit) startMessage(a *app, s spec) wire.Object {
	sum := sha1.Sum(a.file.Body)
	return wire.Object{
		"droplet": a.droplet, "name": s.name, "index": 0, "version": "1-1", "uris": []string{a.droplet + ".vcap.me"},
		"sha1": hex.EncodeToString(sum[:]), "executableFile": "ignore-unless-shared-filesystem", "executableUri": a.file.URL,
		"runtime_info": k.runtime, "framework": "sinatra", "services": []any{}, "env": []string{}, "users": []string{"conform@example.com"},
		"limits": wire.Object{"mem": s.memory, "disk": 256, "fds": 256}, "cc_partition": "default",
	}
}

// pack makes the droplet of a spec.
func (k *Kit) pack(s spec, url string) []byte {
	startup, stop := s.startup, s.stop
	if startup == "" {
		startup = startPuppet
	}
	if stop == "" {
		stop = killIt
	}
	entries := append([]depot.Entry{{Name: "app/"}, {Name: "logs/"}, {Name: "tmp/"}}, s.files...)
	if !s.noScript {
		entries = append(entries, depot.Entry{Name: "startup", Mode: 0o700, Text: k.fill(startup, url)})
	}
	entries = append(entries, depot.Entry{Name: "stop", Mode: 0o500, Text: k.fill(stop, url)})
	if k.embedded {
		entries = append(entries, depot.Entry{Name: "app/puppet", Mode: 0o755, Text: k.program})
	}
	return depot.Tgz(entries, s.prefix)
}

// fill puts the puppet's command line and URL into a script.
func (k *Kit) fill(script, url string) string {
	words := make([]string, len(k.Puppet))
	for i, w := range k.Puppet {
		words[i] = quote(w)
	}
	if k.embedded {
		words[0] = `"$(dirname "$0")"/app/puppet`
	}
	return strings.NewReplacer("PUPPET", strings.Join(words, " "), "URL", quote(url)).Replace(script)
}

// quote makes a word that a shell takes as it is.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// launch asks the DEA for an app, and does not wait for it.
func (k *Kit) launch(ctx context.Context, s spec) (*app, error) {
	a := k.prepare(s)
	return a, a.begin(ctx)
}

// begin sends the start message, when the DEA has room for it.
func (a *app) begin(ctx context.Context) error {
	if err := a.k.room.take(ctx, a.memory); err != nil {
		return err
	}
	a.give = sync.OnceFunc(func() { a.k.room.give(a.memory) })
	return a.again()
}

// again sends the start message.
func (a *app) again() error {
	a.mark = a.k.wire.Now()
	return a.k.wire.Send("dea."+a.k.id+".start", a.message)
}

// start asks for an app and waits until it runs.
func (k *Kit) start(ctx context.Context, s spec) (*app, error) {
	a, err := k.launch(ctx, s)
	if err != nil {
		return a, err
	}
	return a, a.awaitRunning(ctx)
}

// awaitRunning waits until the DEA says that the app runs and, if it has URIs, where.
func (a *app) awaitRunning(ctx context.Context) error {
	if _, err := a.entry(ctx, a.mark, protocol.Running); err != nil {
		return err
	}
	if uris, _ := a.message["uris"].([]string); len(uris) == 0 {
		return nil
	}
	_, err := a.await(ctx, a.mark, protocol.RouterRegister.String())
	return err
}

// await waits for a message of a subject about the app.
func (a *app) await(ctx context.Context, after wire.Mark, subject string) (wire.Object, error) {
	m, err := a.k.await(ctx, after, "a "+subject+" for "+a.droplet, func(m wire.Message) bool {
		return m.Subject == subject && a.concerns(m)
	}, a.said)
	return m.Object, err
}

// entry waits for a heartbeat in which the app has a state, and returns what it says of it.
func (a *app) entry(ctx context.Context, after wire.Mark, state protocol.State) (wire.Object, error) {
	var found wire.Object
	_, err := a.k.await(ctx, after, fmt.Sprintf("a dea.heartbeat with %s as %s", a.droplet, state), func(m wire.Message) bool {
		for _, e := range a.entries(m) {
			if e.Text("state") == string(state) {
				found = e
				return true
			}
		}
		return false
	}, a.said)
	return found, err
}

// entries are the instances of the app in a message that is a heartbeat of the DEA.
func (a *app) entries(m wire.Message) []wire.Object {
	if m.Subject != protocol.DEAHeartbeat.String() || m.Object.Text("dea") != a.k.id {
		return nil
	}
	var mine []wire.Object
	all, _ := m.Object.Objects("droplets")
	for _, e := range all {
		if e.Text("droplet") == a.droplet {
			mine = append(mine, e)
		}
	}
	return mine
}

// concerns reports whether the DEA says something of the app.
func (a *app) concerns(m wire.Message) bool {
	switch m.Subject {
	case protocol.RouterRegister.String(), protocol.RouterUnregister.String():
		return m.Object.Text("app") == a.droplet
	case protocol.DropletExited.String():
		return m.Object.Text("droplet") == a.droplet
	case protocol.DEAHeartbeat.String():
		return len(a.entries(m)) > 0
	}
	return false
}

// said are the messages about the app, without what heartbeats say of others.
func (a *app) said(after wire.Mark) []wire.Message {
	all := a.k.wire.Since(after, a.concerns)
	for i, m := range all {
		if m.Subject == protocol.DEAHeartbeat.String() {
			all[i].Object = m.Object.With(wire.Object{"droplets": a.entries(m)})
		}
	}
	return all
}

// tells reports whether the DEA says that the app has changed; heartbeats are only a list.
func (a *app) tells(m wire.Message) bool {
	return a.concerns(m) && m.Subject != protocol.DEAHeartbeat.String()
}

// process waits for the puppet of the app.
func (a *app) process(ctx context.Context) (*depot.Process, error) {
	ctx, cancel := context.WithTimeout(ctx, a.k.Patience)
	defer cancel()
	p, err := a.stage.Process(ctx, 0)
	if err != nil {
		return nil, a.k.missing("a sign of the app's process", "nothing")
	}
	return p, nil
}

// find asks the DEA for the instances of the app that fit, and returns the first answer.
func (a *app) find(ctx context.Context, filters wire.Object) (wire.Object, error) {
	return a.k.answer(ctx, findDroplet, wire.Object{"droplet": a.droplet}.With(filters), "an answer to dea.find.droplet", a.isMine)
}

// notFound wants that the DEA has no instance of the app, or forgets it within a moment, and so that it finds another one.
func (a *app) notFound(ctx context.Context) error {
	f, err := a.k.theModel(ctx)
	if err != nil {
		return err
	}
	if _, err := f.find(ctx, nil); err != nil {
		return err
	}
	for began := time.Now(); ; {
		err := a.k.silence(ctx, findDroplet, wire.Object{"droplet": a.droplet}, a.isMine)
		if err == nil || time.Since(began) > promptly {
			return err
		}
		a.k.wait(ctx, promptly/20)
	}
}

func (a *app) isMine(o wire.Object) bool {
	return o.Text("droplet") == a.droplet && o.Text("dea") == a.k.id
}

// stop asks the DEA to stop the app. A bus that is gone is somebody else's error.
func (a *app) stop() { _ = a.k.wire.Send(protocol.DEAStop.String(), wire.Object{"droplet": a.droplet}) }

// end stops the app and waits until it is gone, so that its memory is free for others.
func (a *app) end(ctx context.Context) {
	a.stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	a.awaitGone(ctx)
	a.give()
}

// awaitGone waits until no process of the app is left, and makes it so at the end of ctx.
func (a *app) awaitGone(ctx context.Context) {
	for _, p := range a.stage.Processes() {
		select {
		case <-p.Gone:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			_, _ = p.Do(last, exit(0))
			cancel()
		}
	}
}

// visit asks the app at the address of a registration, and wants its process to answer.
func (a *app) visit(ctx context.Context, route wire.Object) (pid int, err error) {
	addr := address(route)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/", nil)
	if err != nil {
		return 0, err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: a.k.Patience}).Do(req)
	if err != nil {
		return 0, &suite.Mismatch{Why: "nobody answers where the app was registered", Expected: "the app at " + addr, Seen: err.Error()}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscanf(string(body), "puppet %d", &pid); err != nil {
		return 0, &suite.Mismatch{Why: "somebody else answers where the app was registered", Expected: "puppet <pid>", Seen: string(body)}
	}
	return pid, nil
}
