package controller

import (
	"reflect"
	"testing"
	"time"

	"github.com/minicf/minicf/protocol"
)

func ref[T any](v T) *T { return &v }

// What follows from a change is what the cloud controller's update flow says.
func TestConsequences(t *testing.T) {
	t.Parallel()
	now := time.Date(2012, 11, 13, 0, 0, 0, 0, time.UTC)
	running := newApp("hello", now).redeployed("sha", change{Instances: ref(2), URIs: []string{"a"}, Runtime: ref("ruby19")}, now)
	stopped := running.with(change{State: ref(protocol.AppStopped)}, now)
	deleted := running
	deleted.State = protocol.AppDeleted
	for name, tt := range map[string]struct {
		before, after app
		want          []step
	}{
		"a new app is started":                   {app{}, running, []step{{startIndices, []int{0, 1}}, {do: tellUpdated}}},
		"a stopped app is started":               {stopped, stopped.with(change{State: ref("STARTED")}, now), []step{{startIndices, []int{0, 1}}, {do: tellUpdated}}},
		"a running app is stopped":               {running, stopped, []step{{do: stopAll}, {do: tellUpdated}}},
		"a running app is deleted":               {running, deleted, []step{{do: stopAll}, {do: tellUpdated}}},
		"a stopped app is deleted":               {stopped, deleted, []step{{do: stopAll}, {do: tellUpdated}}},
		"a running app is started again":         {running, running.with(change{State: ref("STARTED")}, now), nil},
		"a new app is to be started later":       {app{}, stopped, []step{{do: stopAll}, {do: tellUpdated}}},
		"more instances":                         {running, running.with(change{Instances: ref(4)}, now), []step{{startIndices, []int{2, 3}}, {do: tellUpdated}}},
		"fewer instances: the highest go":        {running, running.with(change{Instances: ref(1)}, now), []step{{stopIndices, []int{1}}, {do: tellUpdated}}},
		"none at all":                            {running, running.with(change{Instances: ref(0)}, now), []step{{stopIndices, []int{0, 1}}, {do: tellUpdated}}},
		"a stopped app is scaled":                {stopped, stopped.with(change{Instances: ref(4)}, now), nil},
		"other URIs":                             {running, running.with(change{URIs: []string{"b"}}, now), []step{{do: tellURIs}}},
		"the same URIs in another order":         {running.with(change{URIs: []string{"a", "b"}}, now), running.with(change{URIs: []string{"B", "A"}}, now), nil},
		"other URIs of a stopped app":            {stopped, stopped.with(change{URIs: []string{"b"}}, now), nil},
		"more memory is for the next start":      {running, running.with(change{Memory: ref(512)}, now), nil},
		"more instances and other URIs":          {running, running.with(change{Instances: ref(3), URIs: []string{}}, now), []step{{startIndices, []int{2}}, {do: tellUpdated}, {do: tellURIs}}},
		"a running app gets a newer droplet":     {running, running.redeployed("other", change{}, now), []step{{do: stopAll}, {startIndices, []int{0, 1}}, {do: tellUpdated}}},
		"a running app is deployed as it is":     {running, running.redeployed("sha", change{}, now), []step{{do: stopAll}, {startIndices, []int{0, 1}}, {do: tellUpdated}}},
		"a droplet for an app that is not to be": {stopped, stopped.redeployed("other", change{State: ref("STOPPED")}, now), nil},
	} {
		if got := consequences(tt.before, tt.after); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// The version is the droplet's hash and how often that was started: the first start of a droplet is the first.
func TestVersionCountsStarts(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a := newApp("hello", now).redeployed("x", change{}, now)
	steps := []struct {
		after func(app) app
		want  protocol.Text
	}{
		{func(a app) app { return a }, "x-1"},
		{func(a app) app { return a.with(change{Instances: ref(3), Memory: ref(64)}, now) }, "x-1"},
		{func(a app) app { return a.with(change{State: ref("STOPPED")}, now) }, "x-1"},
		{func(a app) app { return a.with(change{State: ref("STARTED")}, now) }, "x-2"},
		{func(a app) app { return a.redeployed("x", change{}, now) }, "x-3"},
		{func(a app) app { return a.redeployed("y", change{}, now) }, "y-1"},
	}
	for _, s := range steps {
		if a = s.after(a); a.version() != s.want {
			t.Errorf("version = %s, want %s", a.version(), s.want)
		}
	}
}
