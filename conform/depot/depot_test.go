package depot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/puppet"
	"github.com/minicf/minicf/internal/testkit"
)

func open(t *testing.T) *depot.Depot {
	t.Helper()
	d, err := depot.Open("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// play runs a puppet in this process, as if an app had started it.
func play(t *testing.T, s *depot.Stage, args ...string) (p *depot.Process, code <-chan int) {
	t.Helper()
	ended := make(chan int, 1)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() { ended <- puppet.Main(ctx, append([]string{s.URL}, args...)) }()
	wait, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p, err := s.Process(wait, 0)
	if err != nil {
		t.Fatalf("no process came: %v", err)
	}
	return p, ended
}

func TestPuppetTellsWhereItIsAndDoesWhatItIsTold(t *testing.T) {
	t.Parallel()
	port := testkit.FreePort(t)
	p, code := play(t, open(t).Stage(), "-p", fmt.Sprint(port))
	if p.PID != os.Getpid() || p.Dir == "" || strings.Join(p.Args, " ") != fmt.Sprintf("-p %d", port) || p.Env["PATH"] != os.Getenv("PATH") {
		t.Errorf("report = %+v", p.Report)
	}
	if _, err := p.Do(t.Context(), puppet.Order{Do: "listen"}); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != fmt.Sprintf("puppet %d", os.Getpid()) {
		t.Errorf("the app says %q", body)
	}
	rel, err := filepath.Rel(p.Dir, filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Do(t.Context(), puppet.Order{Do: "write", Path: rel, Text: "hello"}); err != nil {
		t.Error(err)
	}
	if text, err := p.Read(t.Context(), rel); text != "hello" || err != nil {
		t.Errorf("read %q, %v", text, err)
	}
	if a, err := p.Do(t.Context(), puppet.Order{Do: "stat", Path: rel}); a.Mode != "-rw-------" || err != nil {
		t.Errorf("stat = %+v, %v", a, err)
	}
	for _, o := range []puppet.Order{{Do: "read", Path: "not/there"}, {Do: "stat", Path: "not/there"}, {Do: "dance"}} {
		if _, err := p.Do(t.Context(), o); err == nil {
			t.Errorf("%+v went well", o)
		}
	}
	if _, err := p.Do(t.Context(), puppet.Order{Do: "exit", Code: 7}); err != nil {
		t.Error(err)
	}
	if got := <-code; got != 7 {
		t.Errorf("exit status = %d, want 7", got)
	}
	<-p.Gone
	if _, err := p.Do(t.Context(), puppet.Order{Do: "stat"}); !errors.Is(err, depot.ErrGone) {
		t.Errorf("an order to a process that is gone: %v", err)
	}
}

func TestPuppetEndsWithTheKit(t *testing.T) {
	t.Parallel()
	d := open(t)
	_, code := play(t, d.Stage())
	d.Close()
	if got := <-code; got == 0 {
		t.Error("exit status = 0")
	}
}

func TestPuppetWithoutAKitDoesNotStart(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {depot.Refused()}, {open(t).Stage().URL + "/unknown/path"}} {
		if code := puppet.Main(t.Context(), args); code == 0 {
			t.Errorf("%q: exit status 0", args)
		}
	}
}

func TestGateHoldsBackTheSecondHalf(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	f := open(t).Offer(depot.Download{Body: []byte("firstsecond"), Gate: gate})
	resp, err := http.Get(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	half := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, half); err != nil {
		t.Fatal(err)
	}
	close(gate)
	rest, err := io.ReadAll(resp.Body)
	if err != nil || string(half)+string(rest) != "firstsecond" {
		t.Errorf("got %q and %q, %v", half, rest, err)
	}
}

func TestRequestsAreNoted(t *testing.T) {
	t.Parallel()
	d := open(t)
	f := d.Offer(depot.Download{Status: http.StatusTeapot, Location: "/else"})
	tray := d.Accept(http.StatusForbidden, "")
	if got := f.Fetches(); len(got) != 0 {
		t.Errorf("fetches = %v before there were any", got)
	}
	resp, err := http.Head(strings.Replace(f.URL, "://", "://me:secret@", 1))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got, err := f.Fetched(t.Context()); err != nil || got != (depot.Fetch{Method: "HEAD", User: "me", Password: "secret", Authorized: true}) || resp.StatusCode != http.StatusTeapot {
		t.Errorf("fetch = %+v, %v, status %d", got, err, resp.StatusCode)
	}
	body := "--b\r\nContent-Disposition: form-data; name=\"n\"; filename=\"f\"\r\nContent-Type: a/b\r\n\r\nx\r\n--b--\r\n"
	for _, kind := range []string{"multipart/form-data; boundary=b", "text/plain"} {
		resp, err := http.Post(tray.URL, kind, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("status = %d", resp.StatusCode)
		}
	}
	got := tray.Arrivals()
	if len(got) != 2 || got[0].Type != "multipart/form-data" || len(got[0].Parts) != 1 || got[1].Problem == "" {
		t.Fatalf("arrivals = %+v", got)
	}
	if p := got[0].Parts[0]; p.Name != "n" || p.FileName != "f" || p.Type != "a/b" || string(p.Body) != "x" {
		t.Errorf("part = %+v", p)
	}
}
