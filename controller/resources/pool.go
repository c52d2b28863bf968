// Package resources knows the files of all packages by their SHA1, so that nobody has to upload one twice.
//
// In goes a package, a zip; its files are remembered, not copied. Then comes a list of files that somebody is about to upload, and out comes the part of
// it that is here already ([Pool.Match]); what is uploaded and what was here make the next package ([Pool.Assemble]).
//
// It is how vmc of 2012 uploaded only what had changed, and how the cf command still does: /resources then, /v3/resource_matches now.
package resources

import (
	"archive/zip"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/minicf/minicf/controller/bits"
	"github.com/minicf/minicf/droplet"
)

// File is a file of an app.
type File struct {
	Path string      // in the app, with slashes
	SHA1 string      // hex
	Size int64       // bytes
	Mode fs.FileMode // permissions
}

// Pool is the files of all packages of a store.
type Pool struct {
	packages *bits.Store
	dir      string // of one index for each package
	log      *slog.Logger

	mu    sync.Mutex
	known map[string]place           // by the SHA1 of the file
	of    map[string]map[string]bool // SHA1 of a package → those of its files that are found there
}

// place is where a file is: an entry of a package.
type place struct {
	Package string `json:"-"` // SHA1
	Entry   int    `json:"entry"`
	Size    int64  `json:"size"`
}

// index is what is remembered of a package.
type index map[string]place // by the SHA1 of the file

// New returns a pool of the packages in a store, which remembers what it knows in a directory. It is not open yet.
func New(packages *bits.Store, dir string, log *slog.Logger) *Pool {
	return &Pool{packages: packages, dir: dir, log: log, known: map[string]place{}, of: map[string]map[string]bool{}}
}

// Open reads what is known of the packages that are still there, and forgets the others. The store must be open.
func (p *Pool) Open() error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return fmt.Errorf("open the resources: %w", err)
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return fmt.Errorf("open the resources: %w", err)
	}
	for _, e := range entries {
		sum := strings.TrimSuffix(e.Name(), suffix)
		if _, err := os.Stat(p.packages.Path(sum)); err != nil || !bits.IsSHA1(sum) {
			_ = os.Remove(filepath.Join(p.dir, e.Name())) // what remains is tried again at the next start
			continue
		}
		if err := p.load(sum); err != nil {
			p.log.Warn("files of a package are not known any more", "sha1", sum, "error", err)
		}
	}
	return nil
}

const suffix = ".json"

func (p *Pool) file(sum string) string { return filepath.Join(p.dir, sum+suffix) }

func (p *Pool) load(sum string) error {
	text, err := os.ReadFile(p.file(sum))
	if err != nil {
		return err
	}
	var found index
	if err := json.Unmarshal(text, &found); err != nil {
		return err
	}
	p.learn(sum, found)
	return nil
}

func (p *Pool) learn(sum string, found index) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of[sum] = map[string]bool{}
	for file, at := range found {
		at.Package = sum
		p.known[file] = at
		p.of[sum][file] = true
	}
}

// forget is for a package that is gone. A file that is in other packages too is found again when one of these is added.
func (p *Pool) forget(sum string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for file := range p.of[sum] {
		if p.known[file].Package == sum {
			delete(p.known, file)
		}
	}
	delete(p.of, sum)
	_ = os.Remove(p.file(sum)) // or else at the next start
}

// Add remembers the files of a package of the store. A zip that unpacks to more than a DEA or a stager would take is an error.
func (p *Pool) Add(sum string) error {
	p.mu.Lock()
	_, done := p.of[sum]
	p.mu.Unlock()
	if done {
		return nil
	}
	f, err := os.Open(p.packages.Path(sum))
	if err != nil {
		return err
	}
	defer f.Close()
	zr, err := droplet.ReadZip(f, droplet.DefaultLimits())
	if err != nil {
		return err
	}
	found, err := survey(zr)
	if err != nil {
		return err
	}
	text, err := json.Marshal(found)
	if err != nil {
		return err
	}
	fresh := p.file(sum) + ".new"
	if err := errors.Join(os.WriteFile(fresh, text, 0o600), os.Rename(fresh, p.file(sum))); err != nil {
		return err
	}
	p.learn(sum, found)
	return nil
}

// survey reads all files of a zip for their SHA1.
func survey(zr *zip.Reader) (index, error) {
	found, left := index{}, droplet.DefaultLimits().Bytes
	for i, entry := range zr.File {
		if !entry.Mode().IsRegular() {
			continue
		}
		r, err := entry.Open()
		if err != nil {
			return nil, fmt.Errorf("%.100q: %w", entry.Name, err)
		}
		hash := sha1.New()
		n, err := io.Copy(hash, io.LimitReader(r, left+1))
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("%.100q: %w", entry.Name, err)
		}
		if left -= n; left < 0 {
			return nil, fmt.Errorf("it unpacks to more than %d bytes", droplet.DefaultLimits().Bytes)
		}
		found[hex.EncodeToString(hash.Sum(nil))] = place{Entry: i, Size: n}
	}
	return found, nil
}

// Match returns those of the files that are here.
func (p *Pool) Match(files []File) []File {
	var here []File
	gone := map[string]bool{}
	for _, f := range files {
		at, ok := p.find(f)
		if !ok {
			continue
		}
		if _, looked := gone[at.Package]; !looked {
			_, err := os.Stat(p.packages.Path(at.Package))
			if gone[at.Package] = err != nil; err != nil {
				p.forget(at.Package)
			}
		}
		if !gone[at.Package] {
			here = append(here, f)
		}
	}
	return here
}

func (p *Pool) find(f File) (place, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.known[f.SHA1]
	return at, ok && at.Size == f.Size
}
