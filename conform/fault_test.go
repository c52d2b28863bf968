package conform_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/minicf/minicf/conform/wire"
)

// Ways to make faults.

// edit is a fault of an object's keys; change returns the new one.
func edit(on string, change func(wire.Object) wire.Object, fails ...string) fault {
	return fault{on: []string{on}, fails: fails, change: func(m message, pass func(message)) {
		if m.object != nil {
			m.object = change(m.object)
		}
		pass(m)
	}}
}

func set(on, key string, value any, fails ...string) fault {
	return edit(on, func(o wire.Object) wire.Object { return o.With(wire.Object{key: value}) }, fails...)
}

func lack(on, key string, fails ...string) fault {
	return edit(on, func(o wire.Object) wire.Object { return o.Without(key) }, fails...)
}

func lose(on string, fails ...string) fault {
	return fault{on: []string{on}, fails: fails, change: func(message, func(message)) {}}
}

// drop loses those messages that are so.
func drop(on string, so func(wire.Object) bool, fails ...string) fault {
	return fault{on: []string{on}, fails: fails, change: func(m message, pass func(message)) {
		if m.object == nil || !so(m.object) {
			pass(m)
		}
	}}
}

// only makes a fault of those messages that are so, and leaves the others alone.
func only(so func(wire.Object) bool, f fault) fault {
	change := f.change
	f.change = func(m message, pass func(message)) {
		if m.object == nil || !so(m.object) {
			pass(m)
			return
		}
		change(m, pass)
	}
	return f
}

// of is whether a message is about an app that a case has given a name.
func of(name string) func(wire.Object) bool {
	return func(o wire.Object) bool { return strings.Contains(o.Text("droplet")+o.Text("app"), "-"+name+"-") }
}

func has(key string) func(wire.Object) bool {
	return func(o wire.Object) bool { _, has := o[key]; return has }
}

func twice(on string, fails ...string) fault {
	return fault{on: []string{on}, fails: fails, change: func(m message, pass func(message)) { pass(m); pass(m) }}
}

// also sends something else after a message; invent may return a message without a subject, which is none.
func also(on string, invent func(message) message, fails ...string) fault {
	return fault{on: []string{on}, fails: fails, change: func(m message, pass func(message)) {
		pass(m)
		if more := invent(m); more.subject != "" {
			pass(more)
		}
	}}
}

// swap makes a first subject come after the next message of a second.
func swap(first, second string, fails ...string) fault {
	held := map[string][]message{} // by app
	return fault{on: []string{first, second}, fails: fails, change: func(m message, pass func(message)) {
		app := m.object.Text("app") + m.object.Text("droplet")
		if m.subject == first {
			held[app] = append(held[app], m)
			return
		}
		pass(m)
		for _, h := range held[app] {
			pass(h)
		}
		delete(held, app)
	}}
}

// entries changes the list of instances in heartbeats.
func entries(change func([]wire.Object) []wire.Object, fails ...string) fault {
	return edit("dea.heartbeat", func(o wire.Object) wire.Object {
		all, _ := o.Objects("droplets")
		return o.With(wire.Object{"droplets": change(all)})
	}, fails...)
}

// each changes each instance in heartbeats.
func each(change func(wire.Object), fails ...string) fault {
	return entries(func(all []wire.Object) []wire.Object {
		for _, e := range all {
			change(e)
		}
		return all
	}, fails...)
}

// without leaves some instances out of heartbeats.
func without(so func(wire.Object) bool, fails ...string) fault {
	return entries(func(all []wire.Object) []wire.Object {
		kept := []wire.Object{}
		for _, e := range all {
			if !so(e) {
				kept = append(kept, e)
			}
		}
		return kept
	}, fails...)
}

// stats changes the stats of instances that are found.
func stats(change func(wire.Object) wire.Object, fails ...string) fault {
	return edit("answer dea.find.droplet", func(o wire.Object) wire.Object {
		if o["stats"] == nil {
			return o
		}
		return o.With(wire.Object{"stats": change(o.Object("stats"))})
	}, fails...)
}

// sluggish answers every discovery after the same time, whatever the DEA's load.
func sluggish(fails ...string) fault {
	asked := map[string]time.Time{}
	return fault{on: []string{"dea.discover", "answer dea.discover"}, fails: fails, change: func(m message, pass func(message)) {
		if m.reply != "" {
			asked[m.reply] = time.Now()
			pass(m)
			return
		}
		time.AfterFunc(time.Until(asked[m.subject].Add(400*time.Millisecond)), func() { pass(m) })
	}}
}

// lateHeartbeat holds the heartbeat of a single instance that runs until it is registered, and merges all into one.
func lateHeartbeat(fails ...string) fault {
	var held []wire.Object
	return fault{on: []string{"dea.heartbeat", "router.register"}, fails: fails, change: func(m message, pass func(message)) {
		all, _ := m.object.Objects("droplets")
		if len(all) == 1 && all[0].Text("state") == "RUNNING" {
			held = append(held, all[0])
			return
		}
		pass(m)
		if m.subject != "router.register" || len(held) == 0 {
			return
		}
		held = append(held, held[0].With(wire.Object{"droplet": "another"}))
		pass(message{subject: "dea.heartbeat", object: wire.Object{"dea": m.object["dea"], "prod": nil, "droplets": held}})
		held = nil
	}}
}

// onlyAsked loses the heartbeats that nobody has asked for, but those of instances that have just come to run.
func onlyAsked(fails ...string) fault {
	var asked time.Time
	seen := map[string]bool{}
	return fault{on: []string{"dea.heartbeat", "healthmanager.start"}, fails: fails, change: func(m message, pass func(message)) {
		if m.subject == "healthmanager.start" {
			asked = time.Now()
			pass(m)
			return
		}
		all, _ := m.object.Objects("droplets")
		fresh := len(all) == 1 && all[0].Text("state") == "RUNNING" && !seen[all[0].Text("instance")]
		if fresh {
			seen[all[0].Text("instance")] = true
		}
		if fresh || time.Since(asked) < 400*time.Millisecond {
			pass(m)
		}
	}}
}

// identity learns the id of the DEA behind a bridge.
type identity struct{ id string }

func (i *identity) learn() fault {
	return edit("answer dea.status", func(o wire.Object) wire.Object { i.id = o.Text("id"); return o })
}

// ghosts answers dea.find.droplet for apps that are no more.
func (i *identity) ghosts(names []string, fails ...string) fault {
	return also("dea.find.droplet", func(m message) message {
		for _, name := range names {
			if of(name)(m.object) || m.object.Text("droplet") == name {
				return message{subject: m.reply, object: wire.Object{"dea": i.id, "droplet": m.object["droplet"]}}
			}
		}
		return message{}
	}, fails...)
}

// fetch downloads something more often than it needs to.
func fetch(url string) {
	if resp, err := http.Get(url); err == nil {
		resp.Body.Close()
	}
}

// number makes an id of digits a number.
func number(id any) any {
	text, ok := id.(string)
	if n := json.Number(text); ok {
		if _, err := n.Int64(); err == nil {
			return n
		}
	}
	return id
}
