package filer

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
)

// stream is what has come of a file that is followed.
type stream struct {
	mu   sync.Mutex
	text strings.Builder
	over bool
}

func (v *viewer) follow(query string) *stream {
	v.t.Helper()
	res := v.request("GET", "/droplets/"+staged+"/logs/stdout.log?"+query)
	if res.StatusCode != http.StatusOK {
		v.t.Fatalf("?%s = %s", query, res.Status)
	}
	s := &stream{}
	go func() {
		_, _ = io.Copy(s, res.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.over = true
	}()
	return s
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *stream) read() (text string, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String(), s.over
}

// shows waits for a text.
func (s *stream) shows(t *testing.T, want string) {
	t.Helper()
	testkit.Eventually(t, patience, "the stream to be "+want, func() bool { text, _ := s.read(); return text == want })
}

func (v *viewer) add(text string) {
	v.t.Helper()
	f, err := os.OpenFile(filepath.Join(v.dir, "logs/stdout.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		v.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		v.t.Fatal(err)
	}
}

func TestTailFollowsAFileUntilTheInstanceIsGone(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	all, part := v.follow("tail"), v.follow("tail&tail_offset=10")
	all.shows(t, "0123456789abcdef")
	part.shows(t, "abcdef")
	v.add("one\n")
	all.shows(t, "0123456789abcdefone\n")
	v.add("two\n")
	part.shows(t, "abcdefone\ntwo\n")
	if _, over := all.read(); over {
		t.Error("the stream ended while the instance ran")
	}
	v.add("the last words")
	v.alive.Store(false)
	for _, s := range []*stream{all, part} {
		testkit.Eventually(t, patience, "the stream to end", func() bool { _, over := s.read(); return over })
		if text, _ := s.read(); !strings.HasSuffix(text, "the last words") {
			t.Errorf("the stream ended with %q", text)
		}
	}
}

func TestTailGoesOnFromTheTopOfAFileThatWasCut(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	s := v.follow("tail")
	s.shows(t, "0123456789abcdef")
	v.write("logs/stdout.log", "new\n")
	s.shows(t, "0123456789abcdefnew\n")
}

func TestTailBeginsWithTheLastLines(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	line := strings.Repeat("x", 99) + "\n"
	v.write("logs/stdout.log", strings.Repeat(line, 10_000))
	s := v.follow("tail")
	s.shows(t, strings.Repeat(line, tailSize/100))
}

func TestTailOfADeadInstanceIsTheFile(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	v.alive.Store(false)
	v.check(v.request("GET", "/droplets/"+staged+"/logs/stdout.log?tail"), http.StatusOK, "0123456789abcdef")
	v.check(v.request("HEAD", "/droplets/"+staged+"/logs/stdout.log?tail"), http.StatusOK, "")
	v.check(v.request("GET", "/droplets/"+staged+"/nothing?tail"), http.StatusNotFound, "Entity not found.\n")
}

func TestTailEndsWithItsClient(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	res := v.request("GET", "/droplets/"+staged+"/logs/stdout.log?tail")
	res.Body.Close()
	v.Close() // waits for the handler, of which the instance, which is alive, would never let go
}
