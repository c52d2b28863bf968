package client_test

import (
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/framework"
)

func TestRubyAppsRunOnTheTutorialsRubyUnlessTold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ framework, vmc, want string }{
		{"sinatra", "ruby18", "ruby19"},
		{"rack", "ruby18", "ruby19"},
		{"rails3", "ruby18", "ruby19"},
		{"node", "node", "node"},
		{"standalone", "", ""},
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
