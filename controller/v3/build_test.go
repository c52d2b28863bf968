package v3_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/controller/v3"
)

func TestBuildIsAnsweredWhenItEnds(t *testing.T) {
	t.Parallel()
	begun, end := make(chan v3.Staging, 1), make(chan error)
	b := startAPI(t, func(p *fakePlatform) {
		p.stage = func(_ context.Context, s v3.Staging) (v3.Staged, error) { begun <- s; return v3.Staged{}, <-end }
	})
	app := b.app("hello")
	p := b.pkg(app, map[string]string{"a": "1"})
	build := b.must("POST", "/v3/builds", object{"package": object{"guid": p}}, 201)
	if build.object["state"] != "STAGING" {
		t.Errorf("a new build = %s", build.body)
	}
	if s := <-begun; s.App != app || s.Name != "hello" {
		t.Errorf("staged is %+v", s)
	}
	if code, detail := failureOf(b.must("POST", "/v3/builds", object{"package": object{"guid": p}}, 422)); code != 10008 || !strings.Contains(detail, "Only one build") {
		t.Errorf("a second build = %d %s", code, detail)
	}
	go func() { end <- errors.New("no such gem") }()
	ended := b.get("/v3/builds/" + build.guid()) // waits for it
	if reason, _ := ended.object["error"].(string); ended.object["state"] != "FAILED" || reason != "StagingError - no such gem" {
		t.Errorf("the build ended as %s", ended.body)
	}
}

func TestUnknownAppIsNamedSo(t *testing.T) {
	t.Parallel()
	b := startAPI(t, func(p *fakePlatform) {
		p.stage = func(context.Context, v3.Staging) (v3.Staged, error) {
			return v3.Staged{}, &client.StandaloneError{Dir: "hello", Looked: "config.ru, server.js"}
		}
	})
	reason, _ := b.build(b.pkg(b.app("hello"), map[string]string{"a": "1"})).object["error"].(string)
	if !strings.Contains(reason, "NoAppDetectedError") || !strings.Contains(reason, "config.ru, server.js") {
		t.Errorf("the reason is %q, want NoAppDetectedError and what was looked for", reason)
	}
}

func TestAppThatIsDeletedDuringItsStagingLeavesNothing(t *testing.T) {
	t.Parallel()
	begun, end := make(chan struct{}), make(chan struct{})
	at := newPlace(t)
	b := at.start(t)
	stage := b.platform.Stage
	whole := func(ctx context.Context, s v3.Staging) (v3.Staged, error) {
		close(begun)
		<-end
		b.platform.stage = nil
		return stage(ctx, s)
	}
	b.platform.stage = whole
	app := b.app("hello")
	b.must("POST", "/v3/builds", object{"package": object{"guid": b.pkg(app, map[string]string{"a": "1"})}}, 201)
	<-begun
	b.must("DELETE", "/v3/apps/"+app, nil, 202)
	close(end)
	b.stop() // waits for the build
	b = at.start(t)
	if left := slices.Concat(b.packages.Names("cf-"), b.droplets.Names("cf-")); len(left) > 0 {
		t.Errorf("left is %v", left)
	}
}

func TestLastFiveDropletsAreKept(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	app := b.app("hello")
	first := b.droplet(app, map[string]string{"a": "0"})
	var all []string
	for i := range 7 {
		d, _ := b.build(b.pkg(app, map[string]string{"a": fmt.Sprint(i)})).object["droplet"].(object)
		guid, _ := d["guid"].(string)
		all = append(all, guid)
	}
	var kept []string
	for _, d := range b.get("/v3/apps/" + app + "/droplets").resources() {
		kept = append(kept, d["guid"].(string))
	}
	want := append([]string{first}, all[2:]...)
	b.stop() // the last ones are dropped behind the answer
	if !slices.Equal(kept[len(kept)-5:], want[1:]) || kept[0] != first {
		t.Errorf("kept are %v, want the current one and the last five of %v", kept, all)
	}
	if n := len(b.droplets.Names("cf-")); n != 6 {
		t.Errorf("%d droplets are on the disk, want 6", n)
	}
}

func TestStatsAreAnsweredWhenTheAppHasStarted(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	app := b.app("hello")
	b.droplet(app, map[string]string{"a": "1"})
	b.platform.set(v3.Instance{Index: 0, State: "STARTING"})
	b.must("POST", "/v3/apps/"+app+"/actions/start", nil, 200)
	got := make(chan answer)
	go func() { got <- b.get("/v3/processes/" + app + "/stats") }()
	b.platform.set(v3.Instance{Index: 0, State: "RUNNING", Port: 4711, Mem: 5 << 20})
	if all := (<-got).resources(); len(all) != 1 || all[0]["state"] != "RUNNING" {
		t.Errorf("stats = %v", all)
	}
	b.platform.set(v3.Instance{Index: 0, State: "CRASHED"})
	if all := b.get("/v3/processes/" + app + "/stats").resources(); all[0]["state"] != "CRASHED" {
		t.Errorf("stats = %v", all)
	}
}
