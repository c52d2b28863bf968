package client_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/framework"
)

func TestAppsRunOnTheRuntimesOfTodayUnlessTold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ framework, vmc, want string }{
		{"sinatra", "ruby18", "ruby"},
		{"rack", "ruby18", "ruby"},
		{"rails3", "ruby18", "ruby"},
		{"node", "node", "node"},
		{"django", "python2", "python3"},
		{"otp_rebar", "erlangR14B01", "erlang"},
		{"spring", "java", "java"},
		{"standalone", "", ""},
		{"standalone", "ruby18", "ruby"},
		{"standalone", "java", "java"},
	} {
		f, ok := framework.Lookup(tt.framework)
		if !ok {
			t.Fatalf("there is no framework %s", tt.framework)
		}
		if got := client.DefaultRuntime(framework.Result{Framework: f, Runtime: tt.vmc}); got != tt.want {
			t.Errorf("%s runs on %q unless told, want %q", tt.framework, got, tt.want)
		}
	}
}

func TestHostNamesHaveNoUnderscore(t *testing.T) {
	t.Parallel()
	a := client.TutorialApp("java_web")
	if want := []string{"java-web.vcap.me", "java-web.localhost"}; a.Name != "java_web" || !slices.Equal(a.URIs, want) {
		t.Errorf("%s has the host names %v, want %v", a.Name, a.URIs, want)
	}
}

func TestRuntimesOfTodayGetMemoryToStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "server.js"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for runtime, want := range map[string]int{"": 128, "node": 128, "node08": 64} {
		a, err := client.DescribeDir(t.Context(), dir, "app", client.Overrides{Runtime: runtime})
		if err != nil || a.Memory != want {
			t.Errorf("on the runtime %q the app gets %d MB, %v, want %d", runtime, a.Memory, err, want)
		}
	}
}

func TestRuntimeHasToFitTheFramework(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		framework, runtime string
		fits               bool
	}{
		{"node", "node", true},
		{"node", "node08", true},
		{"node", "ruby", false},
		{"sinatra", "ruby193", true},
		{"sinatra", "java7", false},
		{"django", "python2", true},
		{"django", "python3", true},
		{"otp_rebar", "erlang", true},
		{"standalone", "php", true},
		{"buildpack", "python3", true},
	} {
		_, err := client.App{ID: "app", Framework: tt.framework, Runtime: tt.runtime, Memory: 64}.Properties()
		if fits := err == nil; fits != tt.fits {
			t.Errorf("%s on %s: %v, want it to fit: %v", tt.framework, tt.runtime, err, tt.fits)
		}
	}
}
