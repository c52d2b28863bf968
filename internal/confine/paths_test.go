package confine

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestRuntimesHomeIsNeverMoreThanARuntime(t *testing.T) {
	t.Parallel()
	for executable, want := range map[string]string{
		"/opt/ruby-1.9/bin/ruby": "/opt/ruby-1.9", "/opt/rbenv/shims/ruby": "/opt/rbenv", "/usr/bin/ruby": "/usr", "/bin/ruby": "/bin",
	} {
		got := strings.Join(Home(executable, "/data/apps/x"), " ") + " "
		if !strings.Contains(got, want+" ") || strings.Contains(got, " / ") {
			t.Errorf("%s: %s, want %s in it", executable, got, want)
		}
	}
	for _, executable := range []string{"/data/bin/ruby", "/home/bin/ruby", "/var/bin/ruby"} {
		for _, dir := range Home(executable, "/data/apps/x") {
			if dir == filepath.Dir(filepath.Dir(executable)) {
				t.Errorf("%s opens %s", executable, dir)
			}
		}
	}
}
