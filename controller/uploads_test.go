package controller

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/config"
)

func strangeIDs() []string {
	return []string{
		"a", "A", "á", ".", "..", "../../etc/passwd", "a/b", `a\b`, "a%2Fb", "%2e%2e", "a b", "a\x00b", "a\nb", "-", "x.new", "🚀",
		strings.Repeat("x", 200), strings.Repeat("x", 201), strings.Repeat("x", 300), strings.Repeat("/", 300),
		"%%" + hexSHA1([]byte(strings.Repeat("x", 300))), // as the file name of another
	}
}

func TestStrangeIDsTravelOverHTTP(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	for _, id := range strangeIDs() {
		if a := c.upload(t, "/upload_droplet/"+url.PathEscape(id)+"/x", []byte("bits of "+id)); a.StatusCode != 200 {
			t.Errorf("%.20q: upload = %s %s", id, a.Status, a.body)
		}
	}
	for _, id := range strangeIDs() {
		if a := c.send(t, "GET", "/staged_droplets/"+url.PathEscape(id)+"/SHA1", nil); a.body != "bits of "+id {
			t.Errorf("%.20q: droplet = %s %.40q", id, a.Status, a.body)
		}
	}
}

func TestLastOfManyUploadsWinsWhole(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	contents := make([][]byte, 10)
	var wg sync.WaitGroup
	for i := range contents {
		contents[i] = bytes.Repeat([]byte{byte('0' + i)}, 100_000)
		wg.Go(func() {
			if a := c.upload(t, "/upload_droplet/app/x", contents[i]); a.StatusCode != 200 {
				t.Errorf("upload %d = %s %s", i, a.Status, a.body)
			}
			got := c.send(t, "GET", "/staged_droplets/app/SHA1", nil)
			if !slices.ContainsFunc(contents, func(b []byte) bool { return string(b) == got.body }) {
				t.Errorf("after upload %d the droplet is none of those uploaded: %d bytes", i, len(got.body))
			}
		})
	}
	wg.Wait()
	c.upload(t, "/upload_droplet/app/x", contents[3])
	if got := c.send(t, "GET", "/staged_droplets/app/SHA1", nil).body; got != string(contents[3]) {
		t.Error("the last upload did not win")
	}
	if left := c.files(t, "droplets/bits"); len(left) != 1 {
		t.Errorf("bits = %v, want those of the last upload alone", left)
	}
}

func TestUploadIsNeverWholeInMemory(t *testing.T) {
	const size = 64 << 20
	c := start(t, bustest.New(t), t.TempDir(), func(cfg *Config) { cfg.MaxUpload = config.Size(size) })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	body := io.MultiReader(
		strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"upload[droplet]\"; filename=\"droplet.tgz\"\r\n\r\n"),
		io.LimitReader(zeros{}, size), strings.NewReader("\r\n--x--\r\n"))
	a := c.send(t, "POST", "/upload_droplet/big/x", body, "Content-Type", "multipart/form-data; boundary=x")
	if a.StatusCode != 200 {
		t.Fatalf("upload = %s %s", a.Status, a.body)
	}
	res, err := http.Get(c.URL() + "/staged_droplets/big/SHA1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); n != size || err != nil {
		t.Fatalf("download = %d bytes, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > size/8 {
		t.Errorf("64 MiB up and down allocated %d MiB", grown>>20)
	}
}

func BenchmarkDropletRoundTrip(b *testing.B) {
	c := start(b, bustest.New(b), b.TempDir(), nil)
	i := 0
	for b.Loop() {
		i++
		droplet := append(make([]byte, 1<<10), fmt.Sprint(i)...) // another one each time, as staging makes
		if a := c.upload(b, "/upload_droplet/app/x", droplet); a.StatusCode != 200 {
			b.Fatal(a.Status)
		}
		if a := c.send(b, "GET", "/staged_droplets/app/SHA1", nil); len(a.body) != len(droplet) {
			b.Fatal(a.Status)
		}
	}
}
