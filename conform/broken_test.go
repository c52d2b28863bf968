package conform_test

import (
	"testing"

	"github.com/minicf/minicf/conform/wire"
)

// Each test here is a DEA with many small faults, none of which hides another: exactly the cases that are named fail.

func TestMessagesOfAnotherShapeAreNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, otherShapes())
}

func otherShapes() broken {
	return broken{match: "^(component|status/[ea]|advertise/[oa]|discover/|start/|heartbeat/|find/|droplet-status/|stop/|crash/|download/|update/)", faults: []fault{
		lack("answer vcap.component.discover", "uptime", "component/discovered"),
		set("answer dea.status", "used_memory", "much", "status/empty-payload"),
		lack("dea.advertise", "prod", "advertise/on-locate"),
		set("answer dea.discover", "version", "0.99", "discover/fits"),
		lack("router.register", "private_instance_id", "start/registration", "start/instance-ids"),
		set("router.unregister", "dea", "somebody", "stop/unregistration", "crash/order", "update/new-uris"),
		each(func(e wire.Object) { e["state_timestamp"] = "1" }, "heartbeat/shape"),
		each(func(e wire.Object) { e["cc_partition"] = "default" }, "heartbeat/partition", "heartbeat/no-partition"),
		edit("droplet.exited", func(o wire.Object) wire.Object {
			if o.Text("reason") == "STOPPED" {
				return o.With(wire.Object{"crash_timestamp": 1})
			}
			return o.Without("crash_timestamp")
		}, "stop/exit", "crash/exit", "crash/status-0", "crash/before-ready", "crash/found", "download/not-found", "download/refused", "download/no-archive"),
		set("answer dea.find.droplet", "staged", nil, "find/shape"),
		stats(func(s wire.Object) wire.Object { return s.Without("cores") }, "find/stats"),
		stats(func(s wire.Object) wire.Object {
			usage := s.Object("usage")
			if mem, ok := usage.Number("mem"); ok {
				return s.With(wire.Object{"usage": usage.With(wire.Object{"mem": mem * 1024})})
			}
			return s
		}, "find/usage"),
		lack("answer droplet.status", "uptime", "droplet-status/running", "droplet-status/crashed"),
	}}
}

func TestMessagesInAnotherOrderOrNumberAreNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, otherOrder())
}

func otherOrder() broken {
	return broken{match: "^(discover/|start/|heartbeat/[aons]|stop/|crash/|download/|router/)", faults: []fault{
		swap("router.unregister", "droplet.exited", "stop/order", "stop/starting", "crash/order", "crash/before-ready", "download/not-found", "download/refused", "download/no-archive"),
		twice("answer dea.discover", "discover/answers-once"),
		lateHeartbeat("start/heartbeat-first", "start/own-heartbeat"),
	}}
}

func TestDEAThatIgnoresWhatItIsToldIsNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, ignorant())
}

func ignorant() broken {
	return broken{match: "^(discover/|start/|download/|refuse/|env/|find/|stop/|crash/)", faults: []fault{
		edit("dea.discover", func(o wire.Object) wire.Object {
			return o.With(wire.Object{"limits": wire.Object{"mem": 1}})
		}, "discover/too-big"),
		edit("dea.discover", knownRuntime, "discover/unknown-runtime"),
		edit("dea.start", knownRuntime, "refuse/unknown-runtime"),
		edit("dea.start", func(o wire.Object) wire.Object {
			if mem, _ := o.Object("limits").Int("mem"); mem > 1<<20 {
				return o.With(wire.Object{"limits": wire.Object{"mem": 64}})
			}
			return o
		}, "refuse/too-big"),
		edit("dea.start", func(o wire.Object) wire.Object {
			if o.Text("sha1") == "" {
				return o.With(wire.Object{"sha1": "made-up"})
			}
			return o
		}, "refuse/no-sha1"),
		set("dea.start", "env", []string{}, "env/of-the-user", "env/expansion", "env/quotes", "env/no-commands"),
		set("dea.start", "services", []string{}, "env/vcap-services", "env/vmc-services", "env/apostrophe-in-credentials"),
		lack("dea.start", "debug", "start/debug-and-console"),
		lack("dea.start", "flapping", "crash/flapping"),
		edit("dea.stop", unfiltered, "stop/index", "stop/instance", "stop/other-version", "stop/other-state", "stop/other-index"),
		edit("dea.find.droplet", unfiltered, "find/by-other-version", "find/by-other-index", "find/by-other-instance", "find/by-other-state", "find/by-all"),
		lack("dea.find.droplet", "include_stats", "start/default-limits", "find/stats", "find/usage", "stop/script", "stop/hanging-script"),
	}}
}

// knownRuntime asks for the runtime that the DEA has, whatever was asked for.
func knownRuntime(o wire.Object) wire.Object {
	if info := o.Object("runtime_info"); info.Text("name") == "conform-cobol" {
		return o.With(wire.Object{"runtime_info": info.With(wire.Object{"name": "ruby19"})})
	}
	return o
}

// unfiltered is a stop or a search for everything of an app.
func unfiltered(o wire.Object) wire.Object {
	return o.Without("version", "indices", "instances", "states")
}

func TestDEAThatHearsNotEverythingIsNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, hardOfHearing())
}

func hardOfHearing() broken {
	return broken{match: "^(component/(dis|any)|status/[ea]|advertise/[oa]|start/no-uris|heartbeat/on|crash/not|router/reg|update/|droplet-status/|files/other)", faults: []fault{
		lose("vcap.component.discover", "component/discovered", "component/any-payload"),
		lose("dea.status", "status/empty-payload", "status/any-payload"),
		lose("dea.locate", "advertise/on-locate", "advertise/any-payload"),
		lose("healthmanager.start", "heartbeat/on-healthmanager-start"),
		lose("router.start", "router/registered-again", "update/registered-again", "crash/not-registered", "start/no-uris"),
		lose("dea.update", "update/new-uris", "update/difference", "update/no-empty-messages", "update/extra-fields", "update/registered-again",
			"update/found", "update/then-stop", "update/uris-again"),
		lose("droplet.status", "droplet-status/running", "droplet-status/starting", "droplet-status/crashed"),
	}}
}
