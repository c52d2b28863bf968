package conform_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/minicf/minicf/conform"
	"github.com/minicf/minicf/conform/wire"
)

func TestRequestsThatAStagerDoesNotTakeAreNoticed(t *testing.T) {
	t.Parallel()
	expectStagerFailures(t, choosy())
}

func choosy() broken {
	property := func(key string) func(wire.Object) bool {
		return func(o wire.Object) bool { return has(key)(o.Object("properties")) }
	}
	first := func(o wire.Object) bool {
		all, _ := o.Object("properties").Objects("services")
		return len(all) > 0 && len(all[0]) == 0
	}
	return broken{match: "^(request/[niuo]|request/emp|reply/(once|nob)|component/varz-s)", change: func(o *conform.Options) { o.Secrets = []string{"num_cores"} }, faults: []fault{
		drop("staging", func(o wire.Object) bool { _, number := o["app_id"].(json.Number); return number }, "request/integer-id"),
		drop("staging", func(o wire.Object) bool { return !has("app_id")(o) }, "request/no-id"),
		drop("staging", has("unknown"), "request/unknown-keys"),
		drop("staging", property("environment"), "request/of-the-controller"),
		drop("staging", first, "request/empty-service"),
		drop("staging", func(o wire.Object) bool { return strings.Contains(o.String(), "256.0") }, "request/integral-floats"),
		{on: []string{"staging"}, fails: []string{"reply/nobody-waits"}, change: func(m message, pass func(message)) {
			if m.reply != "" {
				pass(m)
			}
		}},
		{fails: []string{"component/varz-secrets"}}, // as every stager shows num_cores
	}}
}

func TestStagerThatKnowsNoPasswordsIsNoticed(t *testing.T) {
	t.Parallel()
	expectStagerFailures(t, careless())
}

func careless() broken {
	return broken{match: "^(download/[gbl]|download/no-a|reply/shape|request/ver)", faults: []fault{
		edit("staging", func(o wire.Object) wire.Object {
			u, err := url.Parse(o.Text("download_uri"))
			if err != nil {
				return o
			}
			if u.User == nil {
				u.User = url.UserPassword("some", "body")
			} else {
				u.User = nil
			}
			go fetch(u.String())
			return o.With(wire.Object{"download_uri": u.String()})
		}, "download/get", "download/basic-auth", "download/no-auth", "download/literal-password"),
		drop("staging", func(o wire.Object) bool {
			_, number := o.Object("properties").Object("runtime_info")["version"].(json.Number)
			return number
		}, "request/version-number"),
	}}
}

func TestStagerThatAnswersTooSoonIsNoticed(t *testing.T) {
	t.Parallel()
	expectStagerFailures(t, hurried())
}

func hurried() broken {
	return broken{match: "^(reply/(after|succ)|limit/)", change: func(o *conform.Options) { o.Slow = true }, faults: []fault{
		{on: []string{"staging"}, fails: []string{"reply/after-the-upload", "limit/duration"}, change: func(m message, pass func(message)) {
			pass(message{subject: m.reply, object: wire.Object{"task_id": "x", "task_log": ""}})
			pass(m)
		}},
	}}
}

func TestStagerThatAlwaysFailsIsNoticed(t *testing.T) {
	t.Parallel()
	expectStagerFailures(t, hopeless())
}

func hopeless() broken {
	return broken{match: "^(reply/succ|plugin/unk)", faults: []fault{
		set("answer staging", "error", "Staging task failed:\n Staging plugin failed: no\n", "reply/succeeds"),
	}}
}

func TestStagerThatNonsenseHasStoppedIsNoticed(t *testing.T) {
	t.Parallel()
	expectStagerFailures(t, touchy())
}

func touchy() broken {
	gone := false
	return broken{match: "^(reply/shape|invalid/goes)", faults: []fault{
		{on: []string{"staging"}, fails: []string{"invalid/goes-on"}, change: func(m message, pass func(message)) {
			if gone = gone || string(m.raw) == "{x}"; !gone {
				pass(m)
			}
		}},
	}}
}

func TestStagerThatDoesNotDrainIsNoticed(t *testing.T) {
	t.Parallel()
	expectStagerFailures(t, restless())
}

// restless loses the task that it has, and takes another.
func restless() broken {
	var told, lost atomic.Bool
	return broken{match: "^signal/", change: func(o *conform.Options) { o.Drain = func() error { told.Store(true); return nil } }, faults: []fault{
		{on: []string{"answer staging"}, fails: []string{"signal/drain", "signal/takes-no-more"}, change: func(m message, pass func(message)) {
			if !told.Load() || lost.Swap(true) {
				pass(m)
			}
		}},
	}}
}
