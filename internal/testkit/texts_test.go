package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestWithEachTextChangesOneAtATime(t *testing.T) {
	t.Parallel()
	v := map[string]any{"a": "1", "b": []any{"2", 3.0, map[string]any{"c": "4"}}}
	var got []string
	for _, changed := range WithEachText(v, "x") {
		got = append(got, fmt.Sprint(changed))
	}
	want := []string{"map[a:x b:[2 3 map[c:4]]]", "map[a:1 b:[x 3 map[c:4]]]", "map[a:1 b:[2 3 map[c:x]]]"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNoQuotesKeepWhatIsForShellsFromThem(t *testing.T) {
	t.Parallel()
	for _, quote := range []string{"", `"`, "'"} {
		marker := filepath.Join(t.TempDir(), "ran")
		_ = exec.Command("sh", "-c", "echo "+quote+ForShells("touch "+marker)+quote).Run() // no sentence that ends well
		if _, err := os.Stat(marker); err != nil {
			t.Errorf("between %q nothing was run", quote)
		}
	}
}
