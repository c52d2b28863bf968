package framework

import (
	"encoding/json"
	"testing"
)

func TestInfoIsTheManifestOfTheCloudController(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(Info("sinatra"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"sinatra","runtimes":[{"ruby18":{"default":true}},{"ruby19":{"default":false}},{"ruby193":{"default":false}}],` +
		`"detection":[{"*.rb":"\\s*require[\\s\\(]*['\"]sinatra(/base)?['\"]"},{"config/environment.rb":false}]}`
	if string(got) != want {
		t.Errorf("sinatra's framework_info is\n%s, want\n%s", got, want)
	}
}

func TestUnknownFrameworkIsSentByNameAlone(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(Info("cobol"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"name":"cobol"}`; string(got) != want {
		t.Errorf("framework_info = %s, want %s", got, want)
	}
	if _, ok := Lookup("cobol"); ok {
		t.Error("Lookup found cobol")
	}
}

func TestEveryFrameworkCanBeLookedUpAndRunsOnItsDefault(t *testing.T) {
	t.Parallel()
	for _, f := range All() {
		got, ok := Lookup(f.Name)
		if !ok || got.Name != f.Name {
			t.Errorf("Lookup(%q) = %q, %t", f.Name, got.Name, ok)
		}
		if f.Memory <= 0 || len(f.Runtimes) == 0 {
			t.Errorf("%s has %d MB and the runtimes %v", f.Name, f.Memory, f.Runtimes)
		}
		if f.Default == "" && f.Name != standalone {
			t.Errorf("%s has no default runtime", f.Name)
		}
		for _, rule := range f.Detection {
			if _, err := compileRuby(rule.Pattern); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
	}
}

func TestManifestsBelongToTheCaller(t *testing.T) {
	t.Parallel()
	f, _ := Lookup("sinatra")
	f.Runtimes[0], f.Detection[0].Glob = "spoilt", "spoilt"
	again, _ := Lookup("sinatra")
	if again.Runtimes[0] != "ruby18" || again.Detection[0].Glob != "*.rb" {
		t.Errorf("a caller changed the manifest to %v", again)
	}
}

func TestMemoryOfAStandaloneAppDependsOnItsRuntime(t *testing.T) {
	t.Parallel()
	f, _ := Lookup(standalone)
	for runtime, want := range map[string]int{"ruby19": 128, "php": 128, "java7": 512, "node": 64, "": 64} {
		if got := f.MemoryFor(runtime); got != want {
			t.Errorf("memory on %q = %d, want %d", runtime, got, want)
		}
	}
	if rack, _ := Lookup("rack"); rack.MemoryFor("java") != 128 {
		t.Errorf("rack's memory depends on the runtime")
	}
}
