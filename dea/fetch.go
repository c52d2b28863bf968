package dea

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/minicf/minicf/protocol"
)

// fetcher brings droplets to this machine: from staged/ when they lie there already, from a disk
// shared with the cloud controller, or by HTTP. Starts that want the same droplet at the same time
// share one download.
type fetcher struct {
	dir    string // staged/
	client *http.Client
	limit  int64 // bytes of one droplet
	room   int64 // bytes of all that are kept by their SHA1
	keep   bool  // leave all droplets in staged/ (disable_dir_cleanup)
	share  bool  // the start message's file may be used (not force_http_sharing)
	log    *slog.Logger

	work sync.WaitGroup // the flights

	mu      sync.Mutex
	flights map[string]*flight // by the name of the file they make
}

func newFetcher(cfg Config, staged string, log *slog.Logger) *fetcher {
	return &fetcher{
		dir: staged, client: newClient(), limit: cfg.Unpack.MaxSize.Bytes(), room: cfg.DropletCache.MaxSize.Bytes(),
		keep: cfg.DisableDirCleanup, share: !cfg.ForceHTTPSharing, log: log, flights: map[string]*flight{},
	}
}

// wanted is what a start message says of a droplet.
type wanted struct {
	name   string // of the file below staged/
	uri    string
	sum    string // SHA1 in hex; empty when the message has only a name, which proves nothing
	seeded bool   // somebody put a file of that name into staged/
}

// bits is an open droplet.
type bits struct {
	io.Reader
	close func()
}

// open returns the droplet of a start message. It must be closed. The error says which way failed;
// of an address, no password.
func (f *fetcher) open(ctx context.Context, r protocol.StartRequest) (*bits, error) {
	w := f.wanted(r)
	if f.share && !f.staged(w) {
		if b := f.shared(r.ExecutableFile, w.sum); b != nil {
			return b, nil
		}
	}
	fl, err := f.join(ctx, w)
	if err != nil {
		return nil, err
	}
	select {
	case <-fl.landed:
	case <-ctx.Done():
		f.leave(fl)
		return nil, ctx.Err()
	}
	if fl.err != nil {
		f.leave(fl)
		return nil, fl.err
	}
	return &bits{io.NewSectionReader(fl.file, 0, fl.size), sync.OnceFunc(func() { f.leave(fl) })}, nil
}

// wanted says where a droplet would lie. A hash names its content; any other name, as the
// tutorial's literal SHA1, may mean a different droplet at every address, unless somebody put a
// file of that name into staged/, as the first tutorial does.
func (f *fetcher) wanted(r protocol.StartRequest) wanted {
	if sum := strings.ToLower(r.SHA1); isSHA1(sum) {
		return wanted{name: sum + ".tgz", uri: r.ExecutableURI, sum: sum}
	}
	name := pathSafe(r.SHA1)
	if name == r.SHA1 {
		info, err := os.Lstat(filepath.Join(f.dir, name+".tgz"))
		if err == nil && info.Mode().IsRegular() {
			return wanted{name: name + ".tgz", uri: r.ExecutableURI, seeded: true}
		}
	}
	id := sha256.Sum256([]byte(r.SHA1 + "\x00" + r.ExecutableURI))
	return wanted{name: name + "-" + hex.EncodeToString(id[:8]) + ".tgz", uri: r.ExecutableURI}
}

// staged reports whether the droplet lies in staged/ and may be used.
func (f *fetcher) staged(w wanted) bool {
	if w.sum == "" {
		return w.seeded
	}
	_, err := os.Lstat(filepath.Join(f.dir, w.name))
	return err == nil
}

// shared opens the file that the message names on a disk shared with the cloud controller; nil when
// it is not there, or not the droplet.
func (f *fetcher) shared(path, sum string) *bits {
	if !filepath.IsAbs(path) {
		return nil
	}
	file, size, err := openRegular(path)
	if err != nil {
		return nil // which is usual: few share a disk
	}
	if err := checkSum(file, sum); err != nil {
		file.Close()
		f.log.Warn("shared droplet is not used", "file", path, "error", err)
		return nil
	}
	f.log.Info("Sharing cloud controller's staging directories", "file", path)
	return &bits{io.NewSectionReader(file, 0, size), func() { file.Close() }}
}

// openRegular opens a file and nothing else: a fifo would be waited for.
func openRegular(path string) (*os.File, int64, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// checkSum reads a file to its end when there is a hash to compare. Readers of sections of the file
// do not notice.
func checkSum(file *os.File, want string) error {
	if want == "" {
		return nil
	}
	h := sha1.New()
	if _, err := io.Copy(h, io.NewSectionReader(file, 0, 1<<62)); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return &wrongSumError{got: got, want: want}
	}
	return nil
}

type wrongSumError struct{ got, want string }

func (e *wrongSumError) Error() string {
	return fmt.Sprintf("the droplet's SHA1 is %s, want %s", e.got, e.want)
}

func isSHA1(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha1.Size
}

// clean removes what downloads that never ended left behind, and droplets that the cache has no room for any more. Where
// it keeps none, those in it now were put there for somebody's first start.
func (f *fetcher) clean() error {
	left, err := filepath.Glob(filepath.Join(f.dir, "*"+pending))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	if f.room > 0 && !f.keep {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.evict()
	}
	return err
}
