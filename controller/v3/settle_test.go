package v3_test

import (
	"context"
	"testing"

	"github.com/minicf/minicf/controller/v3"
)

func TestRestartKeepsEverythingAndSettlesWhatWasUnderWay(t *testing.T) {
	t.Parallel()
	at := newPlace(t)
	begun := make(chan struct{})
	b := at.start(t)
	app := b.app("hello")
	b.droplet(app, map[string]string{"a": "1"})
	b.must("POST", "/v3/apps/"+app+"/actions/start", nil, 200)
	stopped := b.app("stopped")
	b.platform.stage = func(ctx context.Context, _ v3.Staging) (v3.Staged, error) {
		close(begun)
		<-ctx.Done() // the controller is killed
		return v3.Staged{}, ctx.Err()
	}
	build := b.must("POST", "/v3/builds", object{"package": object{"guid": b.pkg(app, map[string]string{"a": "2"})}}, 201).guid()
	<-begun
	b.stop()

	b = at.start(t)
	if got := b.get("/v3/builds/" + build); got.object["state"] != "FAILED" || got.object["error"] == nil {
		t.Errorf("the build that was cut off = %s", got.body)
	}
	if w := b.platform.want(app); w.Stopped || w.Droplet == "" || w.Instances != 1 || w.Name != "hello" {
		t.Errorf("wanted of the app that was started is %+v", w)
	}
	if w := b.platform.want(stopped); !w.Stopped {
		t.Errorf("wanted of the app that was not is %+v", w)
	}
	if names := b.droplets.Names("cf-"); len(names) != 1 {
		t.Errorf("droplets on the disk are %v, want the one that was made", names)
	}
	if orgs := b.get("/v3/organizations").resources(); len(orgs) != 1 {
		t.Errorf("organizations are %v", orgs)
	}
	if got := b.build(b.get("/v3/packages?order_by=-created_at&per_page=1").guid()); got.object["state"] != "STAGED" {
		t.Errorf("a build after that = %s", got.body)
	}
}

// Whatever ends the controller between two steps of a push, the push can be done again.
func TestPushCanBeRepeatedWhateverWasDoneOfIt(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a": "1"}
	var app, pkg, droplet string
	steps := []func(*bench){
		func(b *bench) { b.apply("applications:\n- name: hello\n  default-route: true\n") },
		func(b *bench) { app = b.get("/v3/apps?names=hello").guid(); pkg = b.emptyPackage(app) },
		func(b *bench) { b.upload("/v3/packages/"+pkg+"/upload", "[]", zipOf(t, files)) },
		func(b *bench) {
			d, _ := b.build(pkg).object["droplet"].(object)
			droplet, _ = d["guid"].(string)
		},
		func(b *bench) {
			b.must("PATCH", "/v3/apps/"+app+"/relationships/current_droplet", object{"data": object{"guid": droplet}}, 200)
		},
		func(b *bench) { b.must("POST", "/v3/apps/"+app+"/actions/restart", nil, 200) },
	}
	for done := range len(steps) + 1 {
		at := newPlace(t)
		b := at.start(t)
		for _, step := range steps[:done] {
			step(b)
		}
		b.stop()
		b = at.start(t)
		for _, step := range steps {
			step(b)
		}
		if w := b.platform.want(app); w.Stopped || len(w.URIs) != 1 || w.Droplet != "cf-"+droplet {
			t.Errorf("after %d steps and a restart, a whole push leads to %+v", done, w)
		}
		if apps, routes := b.get("/v3/apps").resources(), b.get("/v3/routes").resources(); len(apps) != 1 || len(routes) != 1 {
			t.Errorf("after %d steps there are %d apps and %d routes, want one of each", done, len(apps), len(routes))
		}
		b.stop()
	}
}
