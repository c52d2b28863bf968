package builtin

import (
	"slices"
	"testing"

	"github.com/minicf/minicf/framework"
)

func TestEveryPluginHasAManifestAndANameOfItsOwn(t *testing.T) {
	t.Parallel()
	names := Set().Names()
	if len(names) == 0 || len(slices.Compact(names)) != len(Set()) {
		t.Errorf("the plugins are called %v", Set().Names())
	}
	for _, name := range names {
		if _, ok := framework.Lookup(name); !ok {
			t.Errorf("no manifest of %s", name)
		}
	}
}
