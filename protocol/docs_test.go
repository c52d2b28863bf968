package protocol

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// docs/life-of-a-push.md shows payloads behind a comment that names their file; they must be that file.
func TestLifeOfAPushShowsTheTestData(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "docs", "life-of-a-push.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)<!-- protocol/(testdata/[^ ]+) -->\n```json\n(.*?)\n```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 10 {
		t.Errorf("the page shows %d payloads, want the whole story", len(blocks))
	}
	for _, b := range blocks {
		want, err := os.ReadFile(b[1])
		if err != nil {
			t.Error(err)
			continue
		}
		if b[2]+"\n" != string(want) {
			t.Errorf("the page shows something else than %s", b[1])
		}
	}
}
