package v3_test

import (
	"fmt"
	"net/http"
	"testing"
)

// What `cf apps` asks first, with a thousand apps in the records.
func BenchmarkListOfAThousandApps(b *testing.B) {
	api := startAPI(b)
	space := api.space()
	for i := range 1000 {
		api.must(http.MethodPost, "/v3/apps", object{"name": fmt.Sprintf("app-%d", i), "relationships": object{"space": object{"data": object{"guid": space}}}}, 201)
	}
	for b.Loop() {
		if n := len(api.get("/v3/apps?order_by=name&per_page=5000&space_guids=" + space).resources()); n != 1000 {
			b.Fatalf("%d apps", n)
		}
	}
}

// Pushing again what has not changed, on a platform that stages and starts in no time: what the API itself takes.
func BenchmarkUnchangedPush(b *testing.B) {
	api := startAPI(b)
	files := map[string]string{"app.rb": "the app", "config.ru": "run App", "Gemfile": "gem 'rack'"}
	list := []object{entry("app.rb", "the app"), entry("config.ru", "run App"), entry("Gemfile", "gem 'rack'")}
	api.apply("applications:\n- name: hello\n  default-route: true\n")
	app := api.get("/v3/apps?names=hello").guid()
	api.droplet(app, files)
	for b.Loop() {
		api.apply("applications:\n- name: hello\n  default-route: true\n")
		here := api.must(http.MethodPost, "/v3/resource_matches", object{"resources": list}, 201).resources()
		pkg := api.emptyPackage(app)
		if a := api.upload("/v3/packages/"+pkg+"/upload", jsonOf(b, here), nil); a.status != http.StatusOK {
			b.Fatal(a.body)
		}
		api.must(http.MethodPatch, "/v3/apps/"+app+"/relationships/current_droplet", object{"data": api.build(pkg).object["droplet"]}, 200)
		api.must(http.MethodPost, "/v3/apps/"+app+"/actions/restart", nil, 200)
	}
}
