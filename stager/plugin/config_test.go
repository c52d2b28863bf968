package plugin

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
)

func newFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stage.yml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const tutorialConfig = `---
source_dir: apps/sinatra
dest_dir: "/somewhere/staged"
environment:
  services: []
  framework_info:
    name: sinatra
    runtimes:
      - ruby19: {default: true}
    detection:
      - "*.rb": '\s*require[\s\(]*[''"]sinatra(/base)?[''"]'
        a.js: true
      - config/environment.rb: false
  runtime_info: {name: ruby19, executable: ruby, version: 1.10}
  resources: {memory: 256, disk: 256, fds: 1024.0}
  meta: {command: "echo \"\e[1m\" é"}
`

func TestLoadConfigReadsTheFileOfStageApp(t *testing.T) {
	t.Parallel()
	c, err := LoadConfig(newFile(t, tutorialConfig))
	if err != nil {
		t.Fatal(err)
	}
	if c.SourceDir != "apps/sinatra" || c.DestDir != "/somewhere/staged" {
		t.Errorf("directories = %q, %q", c.SourceDir, c.DestDir)
	}
	got, err := json.Marshal(c.Environment)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"services":[],"framework_info":{"name":"sinatra","runtimes":[{"ruby19":{"default":true}}],` +
		`"detection":[{"*.rb":"\\s*require[\\s\\(]*['\"]sinatra(/base)?['\"]"},{"a.js":true},{"config/environment.rb":false}]},` +
		`"runtime_info":{"name":"ruby19","version":"1.10","executable":"ruby"},"resources":{"memory":256,"disk":256,"fds":1024},` +
		`"meta":{"command":"echo \"\u001b[1m\" é"}}`
	if string(got) != want {
		t.Errorf("environment =\n%s, want\n%s", got, want)
	}
}

func TestLoadConfigReadsJSONAndAnchors(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"json": `{"source_dir":"a","dest_dir":"b","environment":{"services":[],"framework_info":{"name":"rack"},` +
			`"runtime_info":{"version":"1.9.2"},"resources":{"memory":256,"disk":256,"fds":256}}}`,
		"anchors": "source_dir: &a a\ndest_dir: b\nenvironment:\n  services: []\n  framework_info: {name: rack}\n" +
			"  runtime_info: {version: 1.9.2, name: *a}\n  resources: {memory: &n 256, disk: *n, fds: *n}\n",
	} {
		c, err := LoadConfig(newFile(t, text))
		if err != nil || c.Environment.FrameworkInfo.Name != "rack" || c.Environment.RuntimeInfo.Version != "1.9.2" || c.Environment.Resources.FDs != 256 {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

func TestLoadConfigNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	keys := ""
	for i := range 10_000 {
		keys += fmt.Sprintf("key%d: 1\n", i)
	}
	change := func(old, with string) string { return strings.Replace(tutorialConfig, old, with, 1) }
	for name, tt := range map[string]struct{ text, want string }{
		"empty":             {"", "{ source_dir => Missing key, dest_dir => Missing key, environment => Missing key }"},
		"no source_dir":     {change("source_dir: apps/sinatra\n", ""), "{ source_dir => Missing key }"},
		"empty dest_dir":    {change(`"/somewhere/staged"`, ""), "{ dest_dir => Missing key }"},
		"empty environment": {"source_dir: a\ndest_dir: b\nenvironment: {}\n", "{ environment => { services => Missing key, framework_info => Missing key, runtime_info => Missing key, resources => Missing key } }"},
		"wrong type":        {change("memory: 256", "memory: lots"), "{ environment => { resources => { memory => Expected instance of Integer, given an instance of String } } }"},
		"a list":            {change("resources: {memory: 256, disk: 256, fds: 1024.0}", "resources: [1]"), "{ environment => { resources => Expected instance of Hash, given instance of Array } }"},
		"unknown key":       {change("dest_dir", "dest_dirr"), "stage.yml:3:1: unknown key \"dest_dirr\", allowed here: source_dir, dest_dir, environment\n"},
		"unknown key shown": {change("dest_dir", "dest_dirr"), ">  3 | dest_dirr:"},
		"duplicate key":     {tutorialConfig + "dest_dir: x\n", "already defined"},
		"no mapping":        {"- a\n", "stage.yml:1:1: want keys with values"},
		"only text":         {"hello\n", "stage.yml:1:1: want keys with values"},
		"no YAML":           {"source_dir: [", "stage.yml:1:1"},
		"a list for text":   {change("source_dir: apps/sinatra", "source_dir: [a]"), "stage.yml:2:1: source_dir: want text, not a list\n"},
		"number for text":   {change("source_dir: apps/sinatra", "source_dir: 5"), "source_dir: want text, not 5: put it in quotes"},
		"two documents":     {tutorialConfig + "---\na: b\n", "2 YAML documents"},
		"secure_user":       {tutorialConfig + "secure_user: {uid: 1}\n", "secure_user"},
		"bad detection":     {change("config/environment.rb: false", "config/environment.rb: 1"), "want a regular expression, true or false"},
		"too large":         {"# " + strings.Repeat("x", maxConfig), "larger than"},
		"many keys":         {keys, "that is no config file"}, // 39 s when they are read
		"deep":              {"environment: " + strings.Repeat("[", 10_000), "that is no config file"},
	} {
		_, err := LoadConfig(newFile(t, tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "stage.yml:") {
			t.Errorf("%s: error %v, want the file and %q", name, err, tt.want)
		}
	}
	if _, err := LoadConfig(filepath.Join(t.TempDir(), "none.yml")); err == nil || !strings.Contains(err.Error(), "none.yml: no such file") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestLoadConfigSurvivesAliasesOfAliases(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("source_dir: a\ndest_dir: b\nenvironment:\n  a0: &a0 [lol, lol]\n")
	for i := range 20 {
		b.WriteString(strings.NewReplacer("N", string(rune('a'+i)), "P", map[bool]string{true: "a0", false: "x" + string(rune('a'+i-1))}[i == 0]).
			Replace("  kN: &xN [*P, *P, *P, *P]\n"))
	}
	_, err := LoadConfig(newFile(t, b.String()))
	if err == nil || !strings.Contains(err.Error(), "aliases") {
		t.Errorf("an alias bomb: %v", err)
	}
}

func TestLoadPlatformPassesOverWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	p, err := LoadPlatform(newFile(t, "cache: /var/cache\ninsight_agent: agent.zip\nruntime: ruby\n"))
	if want := (Platform{Cache: "/var/cache", InsightAgent: "agent.zip"}); err != nil || p != want {
		t.Errorf("LoadPlatform = %+v, %v, want %+v", p, err, want)
	}
	if p, err := LoadPlatform(newFile(t, "# nothing\n")); err != nil || p != (Platform{}) {
		t.Errorf("LoadPlatform of an empty file = %+v, %v", p, err)
	}
	_, err = LoadPlatform(newFile(t, "# here\ncache: [a]\n"))
	if err == nil || !strings.Contains(err.Error(), "stage.yml:2:1: cache: want text, not a list\n") || strings.Contains(err.Error(), "interface") {
		t.Errorf("LoadPlatform of a list = %v, want plain words, with the file and the line", err)
	}
	if _, err := LoadPlatform("none.yml"); err == nil || !strings.Contains(err.Error(), "none.yml: no such file") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestLoadConfigReadsEveryGoldenRequest(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var golden struct{ Properties json.RawMessage }
		if err := json.Unmarshal(text, &golden); err != nil {
			t.Fatal(err)
		}
		c, err := LoadConfig(newFile(t, `{"source_dir": "a", "dest_dir": "b", "environment": `+string(golden.Properties)+"}"))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		want, err := protocol.ParseStagingProperties(golden.Properties)
		if err != nil || !reflect.DeepEqual(c.Environment, want) {
			t.Errorf("%s: environment = %+v, %v, want %+v", file, c.Environment, err, want)
		}
	}
}
