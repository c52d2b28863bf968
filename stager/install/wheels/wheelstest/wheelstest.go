// Package wheelstest makes Python packages for tests, and an index that pip can install them from.
package wheelstest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Wheel makes a wheel of these files (path → text), and says what it is called. It needs the packages in requires.
func Wheel(t testing.TB, name, version string, files map[string]string, requires ...string) (file string, content []byte) {
	t.Helper()
	info := fmt.Sprintf("%s-%s.dist-info", name, version)
	metadata := fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n", name, version)
	for _, r := range requires {
		metadata += "Requires-Dist: " + r + "\n"
	}
	files = maps.Clone(files)
	files[info+"/METADATA"] = metadata
	files[info+"/WHEEL"] = "Wheel-Version: 1.0\nGenerator: wheelstest\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
	record := ""
	for _, path := range slices.Sorted(maps.Keys(files)) {
		sum := sha256.Sum256([]byte(files[path]))
		record += fmt.Sprintf("%s,sha256=%s,%d\n", path, base64.RawURLEncoding.EncodeToString(sum[:]), len(files[path]))
	}
	files[info+"/RECORD"] = record + info + "/RECORD,,\n"
	return fmt.Sprintf("%s-%s-py3-none-any.whl", name, version), pack(t, files)
}

func pack(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[path])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Index is a running index.
type Index struct {
	URL string // as pip's --index-url

	mu       sync.Mutex
	packages map[string]map[string][]byte // name → file → content
	requests []string
}

// NewIndex runs an empty index until the test ends.
func NewIndex(t testing.TB) *Index {
	i := &Index{packages: map[string]map[string][]byte{}}
	server := httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(server.Close)
	i.URL = server.URL + "/simple"
	return i
}

// Publish adds a wheel.
func (i *Index) Publish(file string, content []byte) {
	name, _, _ := strings.Cut(file, "-")
	name = strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.packages[name] == nil {
		i.packages[name] = map[string][]byte{}
	}
	i.packages[name][file] = content
}

// Requests are the paths that were asked for so far.
func (i *Index) Requests() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.requests)
}

// serve answers /simple/NAME/ with the page of a package (PEP 503), and what that page links to.
func (i *Index) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.requests = append(i.requests, r.URL.Path)
	name, file, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/simple/"), "/")
	files, ok := i.packages[name]
	switch content := files[file]; {
	case ok && file == "":
		for _, f := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(w, "<a href=%q>%s</a>\n", f, f)
		}
	case content != nil:
		_, _ = w.Write(content) // a pip that has gone away
	default:
		http.NotFound(w, r)
	}
}
