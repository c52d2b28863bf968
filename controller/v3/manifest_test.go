package v3_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// apply applies a manifest, and returns its job.
func (b *bench) apply(manifest string) answer {
	b.t.Helper()
	a := b.send(http.MethodPost, "/v3/spaces/"+b.space()+"/actions/apply_manifest", strings.NewReader(manifest), "application/x-yaml")
	if a.status != 202 {
		b.t.Fatalf("apply = %d %s", a.status, a.body)
	}
	return b.get(strings.TrimPrefix(a.header.Get("Location"), b.url))
}

const fullManifest = `
applications:
- name: hello
  path: apps/hello
  memory: 64M
  disk_quota: 1G
  instances: 2
  command: python3 app.py
  buildpacks: [standalone]
  stack: local
  health-check-type: port
  timeout: 30
  env:
    A: text
    B: 5
    C: true
    D: {e: [1, 2]}
  routes:
  - route: hello.localhost
  - route: other.name.localhost
  metadata:
    labels: {team: red}
`

func TestManifestBecomesTheApp(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	for range 2 { // the second time changes nothing
		if job := b.apply(fullManifest); job.object["state"] != "COMPLETE" {
			t.Fatalf("job = %s", job.body)
		}
	}
	apps := b.get("/v3/apps?names=hello&label_selector=team%3Dred")
	app := apps.guid()
	p := b.get("/v3/processes/" + app).object
	got := fmt.Sprintf("%v %v %v %v %v", p["memory_in_mb"], p["disk_in_mb"], p["instances"], p["command"], apps.resources()[0]["lifecycle"])
	if want := "64 1024 2 python3 app.py map[data:map[buildpacks:[standalone] stack:local] type:buildpack]"; got != want {
		t.Errorf("the app is %s, want %s", got, want)
	}
	env, _ := b.get("/v3/apps/" + app + "/environment_variables").object["var"].(object)
	if got := fmt.Sprint(env); got != `map[A:text B:5 C:true D:{"e":[1,2]}]` {
		t.Errorf("its environment is %s", got)
	}
	var urls []string
	for _, r := range b.get("/v3/apps/" + app + "/routes").resources() {
		urls = append(urls, nameOf(object{"url": r["url"]}))
	}
	if slices.Sort(urls); !slices.Equal(urls, []string{"hello.localhost", "other.name.localhost"}) {
		t.Errorf("its routes are %v", urls)
	}
	if w := b.platform.want(app); !slices.Equal(w.URIs, urls) || !slices.Contains(w.Env, "B=5") || !slices.Contains(w.Env, "PORT=$VCAP_APP_PORT") {
		t.Errorf("wanted is %+v", w)
	}
	b.apply(b.get("/v3/apps/" + app + "/manifest").body) // what it is can be applied again
	b.apply("applications:\n- name: hello\n  no-route: true\n  env: {A: null}\n")
	if left := b.get("/v3/apps/" + app + "/routes").resources(); len(left) != 0 {
		t.Errorf("with no-route there are the routes %v", left)
	}
	env, _ = b.get("/v3/apps/" + app + "/environment_variables").object["var"].(object)
	if _, there := env["A"]; there || env["B"] != "5" {
		t.Errorf("the environment is %v, want A gone and B still there", env)
	}
}

func TestDefaultAndRandomRoutes(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	b.apply("applications:\n- name: My App_1\n  default-route: true\n- name: rnd\n  random-route: true\n- name: none\n")
	b.apply("applications:\n- name: rnd\n  random-route: true\n") // has one already
	urls := []string{}
	for _, r := range b.get("/v3/routes").resources() {
		urls = append(urls, r["url"].(string))
	}
	slices.Sort(urls)
	if len(urls) != 2 || urls[0] != "my-app-1.localhost" || !strings.HasPrefix(urls[1], "rnd-") {
		t.Errorf("routes are %v, want one for each app that asks", urls)
	}
}

func TestMistakesInAManifestAreNamedAndNothingIsDone(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	for manifest, want := range map[string]string{
		"":                                                                 "at least one application",
		"applications: []":                                                 "at least one application",
		"applications:\n- memory: 1G":                                      "Name must not be empty",
		"applications:\n- name: a\n- name: A":                              "twice",
		"applications:\n- name: a\n  memroy: 1G":                           `unknown key "memroy"`,
		"applications:\n- name: a\n  memory: 1":                            "number with a unit",
		"applications:\n- name: a\n  memory: 0M":                           "number with a unit",
		"applications:\n- name: a\n  instances: x":                         "a whole number",
		"applications:\n- name: a\n  instances: -1":                        "For application 'a': Instances must be between",
		"applications:\n- name: a\n  buildpacks: [nope]":                   "must be a framework",
		"applications:\n- name: a\n  buildpacks: [node, php]":              "stages with one",
		"applications:\n- name: a\n  routes:\n  - route: a.example.com":    "did not match any existing domains",
		"applications:\n- name: a\n  routes:\n  - route: a.localhost/path": "looks at the host name",
		"applications:\n- name: a\n  no-route: true\n  random-route: true": "Cannot use the combination",
		"applications:\n- name: a\n  env: {VCAP_X: 1}":                     "cannot start with VCAP_",
		"applications:\n- name: a\n  env: {PORT: 1}":                       "'PORT' cannot be set",
		"applications:\n- name: a\n  env: {\"a b\": 1}":                    "cannot be the name of a variable",
		"applications:\n- name: a\n  services: [db]":                       "no services yet",
		"applications:\n- name: a\n  docker: {image: x}":                   "no Docker images",
		"applications:\n- name: a\n  processes: [{type: worker}]":          "no process types but web",
		"applications:\n- name: ok\n- name: a\n  health-check-type: smoke": "Health check type must be",
		"applications:\n- name: a\n  :\n   - x: [":                         "manifest.yml",
	} {
		a := b.send(http.MethodPost, "/v3/spaces/"+b.space()+"/actions/apply_manifest", strings.NewReader(manifest), "application/x-yaml")
		code, detail := failureOf(a)
		if a.status != 422 || code != 10008 || !strings.Contains(detail, want) {
			t.Errorf("%q: %d %.300s, want 422 and %q", manifest, a.status, a.body, want)
		}
	}
	a := b.send(http.MethodPost, "/v3/spaces/"+b.space()+"/actions/apply_manifest", strings.NewReader("applications:\n- name: a\n  memroy: 1G\n"), "application/x-yaml")
	if _, detail := failureOf(a); !strings.Contains(detail, "manifest.yml:3") {
		t.Errorf("the detail %q does not say which line", detail)
	}
	if apps := b.get("/v3/apps").resources(); len(apps) != 0 {
		t.Errorf("there are apps: %v", apps)
	}
}

func TestDiffSaysWhatWouldChange(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	diff := func(manifest string) string {
		t.Helper()
		a := b.send(http.MethodPost, "/v3/spaces/"+b.space()+"/manifest_diff", strings.NewReader(manifest), "application/x-yaml")
		if a.status != 202 {
			t.Fatalf("diff = %d %s", a.status, a.body)
		}
		var lines []string
		all, _ := a.object["diff"].([]any)
		for _, d := range all {
			o, _ := d.(object)
			lines = append(lines, fmt.Sprint(o["op"], " ", o["path"], " ", o["was"], " ", o["value"]))
		}
		return strings.Join(lines, "\n")
	}
	if got, want := diff("applications:\n- name: hello\n  memory: 64M\n"), "add /applications/0/name <nil> hello\nadd /applications/0/memory <nil> 64M"; got != want {
		t.Errorf("of a new app the diff is\n%s\nwant\n%s", got, want)
	}
	b.apply(fullManifest)
	if got := diff(fullManifest); got != "" {
		t.Errorf("of the same manifest the diff is\n%s", got)
	}
	changed := strings.NewReplacer("64M", "128M", "A: text", "A: other", "B: 5", "N: new", "other.name", "third").Replace(fullManifest)
	want := strings.Join([]string{
		"replace /applications/0/memory 64M 128M", "replace /applications/0/env/A text other", "add /applications/0/env/N <nil> new",
		"add /applications/0/routes/1/route <nil> third.localhost",
	}, "\n")
	if got := diff(changed); got != want {
		t.Errorf("the diff is\n%s\nwant\n%s", got, want)
	}
	if got := b.get("/v3/apps").resources(); len(got) != 1 {
		t.Errorf("a diff has made apps: %v", got)
	}
}
