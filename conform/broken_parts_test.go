package conform_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/conform"
	"github.com/minicf/minicf/conform/wire"
)

// DEAs that are whole but for one part each: one case, one fault.

func TestRequestsThatAreNotUnderstoodAreNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, selective())
}

func selective() broken {
	model, nothingElse := of("model"), func(o wire.Object, key string) bool { return len(o) == 2 && o[key] != nil }
	by := func(key, fails string) fault {
		return drop("dea.find.droplet", func(o wire.Object) bool { return model(o) && nothingElse(o, key) }, fails)
	}
	isNull := func(key string) func(wire.Object) bool {
		return func(o wire.Object) bool { v, has := o[key]; return has && v == nil }
	}
	return broken{match: "^(discover/[aofipm]|find/[bu]|start/(bare|ident|runs|no-r)|stop/(state|port|dir|un)|download/(name|sh)|launch/dot|router/any|garbage/null)", faults: []fault{
		drop("dea.discover", has("sha"), "discover/of-the-controller"),
		drop("dea.discover", func(o wire.Object) bool { return o.Text("droplet") == "" }, "discover/integer-id"),
		drop("dea.discover", func(o wire.Object) bool { return o["prod"] == true }, "discover/production-app"),
		drop("dea.start", of("bare"), "start/bare"),
		drop("dea.start", of("named"), "download/name-for-sha1"),
		drop("dea.start", of("file"), "download/shared-file"),
		drop("dea.start", of("slash"), "launch/dot-slash"),
		drop("dea.start", of("mapped"), "discover/missing-executable"),
		drop("dea.start", isNull("uris"), "garbage/null-uris"),
		drop("dea.start", isNull("services"), "garbage/null-services"),
		firstOf("four", "start/identical"),
		drop("dea.stop", of("closes"), "stop/port-closes"),
		drop("dea.stop", of("directory"), "stop/directory-gone"),
		drop("dea.stop", has("states"), "stop/state"),
		edit("dea.stop", func(o wire.Object) wire.Object {
			return o.With(wire.Object{"droplet": strings.TrimSuffix(o.Text("droplet"), "-other")})
		}, "stop/unknown-app"),
		by("version", "find/by-version"), by("indices", "find/by-index"), by("instances", "find/by-instance"), by("states", "find/by-state"),
		only(of("runs"), set("router.register", "port", 1, "start/runs")),
		drop("router.start", has("hosts"), "router/any-payload"),
		only(of("silent"), also("dea.start", func(m message) message {
			return message{subject: m.reply, object: wire.Object{"ok": true}}
		}, "start/no-reply")),
	}}
}

// firstOf starts an app only once.
func firstOf(name string, fails ...string) fault {
	started := false
	return drop("dea.start", func(o wire.Object) bool {
		again := started && of(name)(o)
		started = started || of(name)(o)
		return again
	}, fails...)
}

func TestAppsThatAreDescribedWronglyAreNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, describing())
}

func describing() broken {
	model := of("model")
	return broken{match: "^(env/[phnv]|env/of-the-r|env/un|launch/p|find/(no-s|int|each)|start/int|heartbeat/[ai]|crash/in|ready/st)", faults: []fault{
		only(model, set("router.register", "host", "127.0.0.2", "env/host", "env/vcap-application", "env/vmc")),
		only(model, edit("router.register", func(o wire.Object) wire.Object {
			port, _ := o.Int("port")
			return o.With(wire.Object{"port": port + 1})
		}, "env/port", "launch/port-argument")),
		only(model, edit("dea.start", func(o wire.Object) wire.Object {
			env, _ := o.Texts("env")
			limits := o.Object("limits").With(wire.Object{"disk": 1000})
			return o.With(wire.Object{
				"env": append(env, "ALIEN=1"), "debug": "run", "limits": limits, "runtime_info": o.Object("runtime_info").Without("environment"),
			})
		}, "env/nothing-else", "env/unused-ports", "env/vcap-application-limits", "env/of-the-runtime")),
		only(model, set("dea.find.droplet", "include_stats", true, "find/no-stats")),
		drop("answer dea.find.droplet", func(o wire.Object) bool { return of("pair")(o) && wire.Show(o["index"]) == "1" }, "find/each-instance"),
		each(func(e wire.Object) { e["droplet"] = number(e["droplet"]) }, "start/integer-id", "find/integer-id"),
		without(func(e wire.Object) bool { return of("pair")(e) && wire.Show(e["index"]) == "1" }, "heartbeat/all-instances"),
		without(func(e wire.Object) bool { return e["state"] == "CRASHED" }, "crash/in-heartbeat"),
		each(func(e wire.Object) {
			if of("starting")(e) {
				e["state"] = "RUNNING"
			}
		}, "ready/starting"),
		onlyAsked("heartbeat/interval"),
	}}
}

func TestMessagesThatNobodyNeedsAreNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, talkative())
}

func talkative() broken {
	me := &identity{}
	var uri, subject string
	apps := map[string]bool{}
	register := func(app any) message {
		return message{subject: "router.register", object: wire.Object{"app": app, "uris": []string{"x"}}}
	}
	silenced := map[string]wire.Object{}
	return broken{match: "^(download/(no-r|once|get)|stop/rec|crash/(stop|flap)|find/un|refuse/no-u|ready/port|router/st|update/unk|heartbeat/st|start/an)", faults: []fault{
		me.learn(),
		me.ghosts([]string{"forgotten", "stopped", "deleted", "flapping", "conform-unknown"},
			"download/no-record", "stop/record-gone", "crash/stopped", "crash/flapping", "find/unknown-app"),
		edit("dea.start", func(o wire.Object) wire.Object {
			switch {
			case of("nouri")(o):
				return o.With(wire.Object{"executableUri": uri, "executableFile": "none", "sha1": "made-up"})
			case of("get")(o):
				return o.With(wire.Object{"executableUri": strings.Replace(o.Text("executableUri"), "://", "://a:b@", 1)})
			case of("shared")(o):
				go fetch(o.Text("executableUri"))
			case of("scout")(o):
				uri = o.Text("executableUri")
			}
			return o
		}, "refuse/no-uri", "download/get", "download/once-for-all"),
		{on: []string{"dea.start"}, fails: []string{"start/another-dea"}, change: func(m message, pass func(message)) {
			if of("scout")(m.object) {
				subject = m.subject
			} else if of("astray")(m.object) {
				m.subject = subject
			}
			pass(m)
		}},
		also("dea.start", func(m message) message {
			apps[m.object.Text("droplet")] = true
			if of("port")(m.object) {
				return register(m.object["droplet"])
			}
			return message{}
		}, "ready/port"),
		also("router.start", func(message) message { return anyOf(apps, "waiting", register) }, "router/starting"),
		also("router.start", func(message) message { return anyOf(apps, "ended", register) }, "router/stopped"),
		also("dea.update", func(m message) message { return register(m.object["droplet"]) }, "update/unknown-app"),
		entries(func(all []wire.Object) []wire.Object {
			for _, e := range all {
				if of("silenced")(e) {
					silenced[e.Text("instance")] = e
				}
			}
			for _, e := range silenced {
				if !slices.ContainsFunc(all, func(o wire.Object) bool { return o.Text("instance") == e.Text("instance") }) {
					all = append(all, e)
				}
			}
			return all
		}, "heartbeat/stopped"),
	}}
}

// anyOf says something of an app that has a name.
func anyOf(apps map[string]bool, name string, say func(any) message) message {
	for app := range apps {
		if strings.Contains(app, "-"+name+"-") {
			return say(app)
		}
	}
	return message{}
}

func TestDEAThatMisjudgesItsRoomIsNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, roomy())
}

func roomy() broken {
	me, offers := &identity{}, int64(0)
	say := func(subject string, o wire.Object) message { return message{subject: subject, object: o} }
	return broken{match: "^room/(d|full|empty)", faults: []fault{
		me.learn(),
		edit("dea.advertise", func(o wire.Object) wire.Object {
			mb, _ := o.Int("available_memory")
			return o.With(wire.Object{"available_memory": mb - offers})
		}, "room/discover"),
		also("dea.discover", func(m message) message {
			switch {
			case strings.HasSuffix(m.object.Text("droplet"), "-room"):
				offers++
			case strings.HasSuffix(m.object.Text("droplet"), "-full"):
				return say(m.reply, wire.Object{"id": me.id})
			}
			return message{}
		}, "room/full-offers-nothing"),
		also("dea.locate", func(message) message {
			if offers == 0 {
				return message{}
			}
			return say("dea.advertise", wire.Object{"id": me.id, "available_memory": 4096})
		}, "room/full-advertises-nothing"),
		only(of("more"), also("dea.start", func(m message) message {
			return say("droplet.exited", wire.Object{"droplet": m.object["droplet"]})
		}, "room/full-starts-nothing")),
		also("healthmanager.start", func(message) message {
			return say("dea.heartbeat", wire.Object{"dea": me.id, "prod": nil, "droplets": []any{}})
		}, "room/empty-heartbeat"),
	}}
}

func TestDEAThatTakesAnyVersionIsNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, uncritical())
}

func uncritical() broken {
	again := false
	return broken{
		match: "^discover/[fnov]", config: patient + "runtimes: [ruby19, ruby18]\nstrict_runtime_versions: true\n", faults: []fault{
			edit("dea.discover", func(o wire.Object) wire.Object {
				info := o.Object("runtime_info")
				if info.Text("executable") != "/bin/sh" {
					return o
				}
				return o.With(wire.Object{"runtime_info": info.With(wire.Object{"version_flag": "-c 'echo conform'", "version_output": "conform"})})
			}, "discover/failing-version-command", "discover/no-version-output", "discover/other-version"),
			drop("dea.discover", func(o wire.Object) bool {
				again = again || o.Object("runtime_info").Text("version_output") == "nothing"
				return again && strings.HasSuffix(o.Text("droplet"), "-again")
			}, "discover/verified-again"),
		},
	}
}

func TestDEAThatGivesUpAtOnceIsNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, impetuous())
}

func impetuous() broken {
	return broken{match: "^ready/(never|susp)", change: func(o *conform.Options) { o.Slow = true }, faults: []fault{
		also("dea.start", func(m message) message {
			if !of("never")(m.object) && !of("suspend")(m.object) {
				return message{}
			}
			return message{subject: "droplet.exited", object: wire.Object{"droplet": m.object["droplet"], "reason": "CRASHED"}}
		}, "ready/never", "ready/suspended"),
	}}
}

func TestDEAThatSaysNothingUnaskedIsNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, mute())
}

func mute() broken {
	return broken{match: "^(advertise/|component/varz-s)", change: func(o *conform.Options) { o.Secrets = []string{"num_cores"} }, faults: []fault{
		lose("dea.advertise", "advertise/on-locate", "advertise/any-payload", "advertise/interval"),
		{fails: []string{"component/varz-secrets"}}, // as every DEA shows num_cores
	}}
}
