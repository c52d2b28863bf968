package npm_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

const of2012 = "0.8.2"

// oldNPM stands for the npm of 2012, which had a command to build a module. What it builds tells how often it ran.
const oldNPM = `#!/bin/sh
case $1 in
-v) echo 1.1.49 ;;
build)
  echo run >> "$0.runs"
  cd "$2"
  if [ -f broken ]; then echo "gyp ERR! no compiler here"; exit 0; fi
  mkdir build && wc -l < "$0.runs" > build/addon.node ;;
esac
`

// withNPM is a runtime_info that names an npm, as that of the cloud controller did.
func withNPM(t *testing.T) func(*protocol.RuntimeInfo) {
	t.Helper()
	npm := filepath.Join(t.TempDir(), "npm")
	if err := os.WriteFile(npm, []byte(oldNPM), 0o755); err != nil {
		t.Fatal(err)
	}
	return func(info *protocol.RuntimeInfo) { info.NPM = npm }
}

// period are the files of an app of 2012 with a shrinkwrap.
func period(shrinkwrap string) map[string]string {
	return map[string]string{"app.js": "1", "cloudfoundry.json": `{"cfAutoconfig": false}`, "npm-shrinkwrap.json": shrinkwrap}
}

const installing = "Installing dependencies. Node version 0.8.2\n"

func TestShrinkwrapIsInstalledOnlyForARuntimeWithNPM(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	npm := withNPM(t)
	for name, tt := range map[string]struct {
		files map[string]string
		info  func(*protocol.RuntimeInfo)
		log   string
	}{
		"no npm":          {period(`{"dependencies": {}}`), func(*protocol.RuntimeInfo) {}, ""},
		"no shrinkwrap":   {map[string]string{"app.js": "1", "cloudfoundry.json": `{"cfAutoconfig": false}`}, npm, "Skipping npm support: npm-shrinkwrap.json is not provided\n"},
		"no dependencies": {period(`{}`), npm, ""},
		"none of them":    {period(`{"dependencies": {}}`), npm, installing},
		"an old option": {
			map[string]string{"app.js": "1", "cloudfoundry.json": `{"cfAutoconfig": false, "ignoreNodeModules": true}`}, npm,
			"ignoreNodeModules in cloudfoundry.json is deprecated, native modules are detected automatically now\n" +
				"Skipping npm support: npm-shrinkwrap.json is not provided\n",
		},
	} {
		if _, log, err := p.stage(of2012, tt.files, tt.info); err != nil || log != tt.log {
			t.Errorf("%s: %v, log\n%s, want\n%s", name, err, log, tt.log)
		}
	}
}

func TestTreeIsInstalledInTheOrderOfTheFileAndFetchedOnce(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.registry.Publish("colors", "0.5.0", map[string]string{"colors.js": "old"}, nil)
	p.registry.Publish("colors", "0.6.0", map[string]string{"colors.js": "new"}, nil)
	p.registry.Publish("zoo", "1.0.0", map[string]string{"zoo.js": "zoo"}, nil)
	files := period(`{"name": "x", "dependencies": {
		"zoo": {"version": "1.0.0", "dependencies": {"colors": {"version": "0.6.0"}}},
		"colors": {"version": "0.5.0"}, "mine": {"version": "3.0.0"}, "odd": 1}}`)
	files["node_modules/mine/index.js"] = "mine"
	dest, log, err := p.stage(of2012, files, withNPM(t))
	if want := installing + "Installing zoo@1.0.0 from registry\nInstalling colors@0.6.0 from registry\nInstalling colors@0.5.0 from registry\n" +
		"Installing mine@3.0.0 from local path\n"; err != nil || log != want {
		t.Errorf("staging: %v, log\n%s, want\n%s", err, log, want)
	}
	p.expect(dest, "app/node_modules/zoo/zoo.js", "zoo")
	p.expect(dest, "app/node_modules/zoo/node_modules/colors/colors.js", "new")
	p.expect(dest, "app/node_modules/colors/colors.js", "old")
	p.expect(dest, "app/node_modules/mine/index.js", "mine")

	requests := len(p.registry.Requests())
	dest, _, err = p.stage(of2012, files, withNPM(t))
	if now := p.registry.Requests(); err != nil || len(now) != requests {
		t.Errorf("the second time: %v, the registry was asked again for %q", err, now[requests:])
	}
	p.expect(dest, "app/node_modules/zoo/node_modules/colors/colors.js", "new")
}

func TestNativeModulesAreBuiltOnceForEachVersionOfNode(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.registry.Publish("bcrypt", "0.7.1", map[string]string{"binding.gyp": "{}", "src/a.cc": "x"}, nil)
	npm := withNPM(t)
	fetched := period(`{"dependencies": {"bcrypt": {"version": "0.7.1"}}}`)
	mine := period(`{"dependencies": {"bcrypt": {"version": "0.7.1"}}}`)
	mine["node_modules/bcrypt/binding.gyp"], mine["node_modules/bcrypt/patched.js"] = "{}", "patched"
	mine["node_modules/bcrypt/node_modules/inner/index.js"] = "inner"
	for i, tt := range []struct {
		version string
		files   map[string]string
		run     string
	}{{of2012, fetched, "1\n"}, {of2012, fetched, "1\n"}, {"0.6.8", fetched, "2\n"}, {of2012, mine, "3\n"}, {of2012, mine, "3\n"}} {
		dest, _, err := p.stage(tt.version, tt.files, npm)
		if err != nil {
			t.Fatal(err)
		}
		built, err := os.ReadFile(filepath.Join(dest, "app/node_modules/bcrypt/build/addon.node"))
		if err != nil || strings.TrimSpace(string(built)) != strings.TrimSpace(tt.run) {
			t.Errorf("staging %d has what run %s of npm built, %v, want that of run %s", i, built, err, tt.run)
		}
		if tt.files["node_modules/bcrypt/patched.js"] != "" {
			p.expect(dest, "app/node_modules/bcrypt/patched.js", "patched")
			p.expect(dest, "app/node_modules/bcrypt/node_modules/inner/index.js", "inner")
		}
	}
}

func TestModuleThatCannotBeInstalledIsToldAndLeftOut(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.registry.Publish("demanding", "1.0.0", map[string]string{"a.cc": "x"}, map[string]any{"engines": map[string]string{"node": ">=20"}})
	p.registry.Publish("fussy", "1.0.0", map[string]string{"a.cc": "x"}, map[string]any{"engines": map[string]string{"npm": "~2"}})
	p.registry.Publish("old", "1.0.0", map[string]string{"a.cc": "x"}, map[string]any{"engines": []string{"node >= 0.2"}})
	p.registry.Publish("broken", "1.0.0", map[string]string{"a.cc": "x", "broken": ""}, nil)
	p.registry.Publish("good", "1.0.0", nil, nil)
	for module, want := range map[string]string{
		"demanding":   "Failed installing demanding@1.0.0: Node version requirement >=20 is not compatible with the current node version 0.8.2",
		"fussy":       "Failed installing fussy@1.0.0: Npm version requirement ~2 is not compatible with the current npm version 1.1.49",
		"broken":      "Failed building package: broken@1.0.0:\\ngyp ERR! no compiler here",
		"nowhere":     "Package is not found in npm registry nowhere@1.0.0",
		"../../../up": `Failed installing "../../../up": it is no name of a module`,
		"old":         "",
	} {
		files := period(fmt.Sprintf(`{"dependencies": {%q: {"version": "1.0.0", "dependencies": {"never": {"version": "1.0.0"}}}, "good": {"version": "1.0.0"}}}`, module))
		dest, log, err := p.stage(of2012, files, withNPM(t))
		if err != nil || want != "" && !strings.Contains(log, want+"\n") || want == "" && strings.Contains(log, "Failed") {
			t.Errorf("%s: %v, log\n%s, want %q in it", module, err, log, want)
		}
		p.expect(dest, "app/node_modules/good/package.json", `{"name":"good","version":"1.0.0"}`)
		if want != "" && strings.Contains(log, "never") {
			t.Errorf("%s was left out, but not what it needs: log\n%s", module, log)
		}
	}
}

func TestRegistryThatAnswersNonsenseIsToldInTheWordsOf2012(t *testing.T) {
	t.Parallel()
	answer := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch a := <-answer; a {
		case "500":
			http.Error(w, "no", http.StatusInternalServerError)
		default:
			fmt.Fprint(w, a)
		}
	}))
	t.Cleanup(server.Close)
	p := newPlatform(t)
	p.tools.Platform.NPMRegistry = server.URL
	for text, want := range map[string]string{
		"500":              "Error requesting npm registry for a@1.0.0 500",
		"<html>":           "Failed parsing requested data from npm registry a@1.0.0",
		`{"version": "1"}`: "Failed getting the requested package: a@1.0.0",
		`{"version": "1", "dist": {"tarball": "http://127.0.0.1:1/a.tgz"}}`: "Failed fetching module a@1.0.0 from npm registry: ",
	} {
		answer <- text
		_, log, err := p.stage(of2012, period(`{"dependencies": {"a": {"version": "1.0.0"}}}`), withNPM(t))
		if err != nil || !strings.Contains(log, want) {
			t.Errorf("%s: %v, log\n%s, want %q in it", text, err, log, want)
		}
	}
}

func TestModulesComeFromGitToo(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "git")
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	git("init", "-q", "-b", "master")
	for _, text := range []string{"first", "second"} {
		if err := os.WriteFile(filepath.Join(dir, "index.js"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		git("add", ".")
		git("commit", "-q", "-m", text)
		if text == "first" {
			git("tag", "v1")
		}
	}
	git("update-server-info")
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	p := newPlatform(t)
	files := period(fmt.Sprintf(`{"dependencies": {"a": {"version": "1.0.0", "from": "git+%[1]s/.git#v1"}, "b": {"version": "%[1]s/.git"},
		"c": {"from": "%[1]s/none.git"}, "d": {"from": "git+file://%[2]s"}}}`, server.URL, dir))
	dest, log, err := p.stage(of2012, files, withNPM(t))
	if err != nil || !strings.Contains(log, "Installing a@git+"+server.URL+"/.git#v1 from git source\n") {
		t.Fatalf("staging: %v, log\n%s", err, log)
	}
	p.expect(dest, "app/node_modules/a/index.js", "first")
	p.expect(dest, "app/node_modules/b/index.js", "second")
	for _, failed := range []string{"c@" + server.URL + "/none.git", "d@git+file://" + dir} {
		if !strings.Contains(log, "Failed fetching module "+failed+" from Git source") {
			t.Errorf("%s did not fail: log\n%s", failed, log)
		}
	}
	if _, err := os.Stat(filepath.Join(dest, "app/node_modules/a/.git")); err == nil {
		t.Error("the repository is in the droplet")
	}
}
