package npm

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/install"
	"github.com/minicf/minicf/stager/plugin"
)

const (
	maxDescription = 16 << 20  // bytes, of what the registry says of one version
	maxTarball     = 512 << 20 // bytes, as the largest app
)

// description is what the registry says of one version of a module.
type description struct {
	Version string
	Dist    struct{ Tarball, Shasum string }
}

// fromRegistry returns a directory with the module as it was published, from the cache if it is there.
func (t *tree) fromRegistry(ctx context.Context, m plugin.Module, label string) (string, error) {
	key := install.Key(registry(t.w), m.Name, m.Target)
	if dir := t.fetched.Path(key); t.fetched.Dir != "" && isDir(dir) {
		return dir, nil
	}
	d, err := t.describe(ctx, m, label)
	if err != nil {
		return "", err
	}
	scratch, err := t.tempDir()
	if err != nil {
		return "", err
	}
	tarball := filepath.Join(scratch, "package.tgz")
	if err := download(ctx, d, tarball); err != nil {
		return "", cause(ctx, notInstalled("Failed fetching module %s from npm registry: %v", label, err))
	}
	dir := filepath.Join(scratch, "module")
	if err := unpack(ctx, tarball, dir); err != nil {
		return "", cause(ctx, notInstalled("Failed extracting fetched module %s: %v", label, err))
	}
	if t.fetched.Dir == "" {
		return dir, nil
	}
	err = t.fetched.Fill(key, func(to string) error { return os.CopyFS(to, os.DirFS(dir)) })
	return t.fetched.Path(key), err
}

// describe asks the registry. What goes wrong has the words of 2012.
func (t *tree) describe(ctx context.Context, m plugin.Module, label string) (description, error) {
	address := registry(t.w) + "/" + url.PathEscape(m.Name) + "/" + url.PathEscape(m.Target)
	body, status, err := get(ctx, address, maxDescription)
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case isNet && timeout.Timeout() && ctx.Err() == nil:
		return description{}, notInstalled("Timeout error requesting npm registry %s", label)
	case err != nil:
		return description{}, cause(ctx, notInstalled("Error requesting npm registry for %s: %v", label, err))
	case status == http.StatusNotFound:
		return description{}, notInstalled("Package is not found in npm registry %s", label)
	case status != http.StatusOK:
		return description{}, notInstalled("Error requesting npm registry for %s %d", label, status)
	}
	var d description
	if err := json.Unmarshal(body, &d); err != nil {
		return d, notInstalled("Failed parsing requested data from npm registry %s", label)
	}
	if d.Version == "" || d.Dist.Tarball == "" {
		return d, notInstalled("Failed getting the requested package: %s", label)
	}
	return d, nil
}

// cause is the reason why ctx has ended, if it has, and else err.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// get fetches a small document.
func get(ctx context.Context, address string, limit int64) (body []byte, status int, err error) {
	resp, err := request(ctx, address)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, limit))
	return body, resp.StatusCode, err
}

func request(ctx context.Context, address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	return client().Do(req)
}

// download fetches a tarball, and compares it with its checksum. In 2012 nobody did.
func download(ctx context.Context, d description, to string) error {
	resp, err := request(ctx, d.Dist.Tarball)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha1.New()
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(resp.Body, maxTarball+1))
	switch {
	case err != nil:
		return err
	case n > maxTarball:
		return errors.New("it is too large")
	case d.Dist.Shasum != "" && !strings.EqualFold(d.Dist.Shasum, hex.EncodeToString(sum.Sum(nil))):
		return errors.New("its checksum is not that of the registry")
	}
	return f.Close()
}

// unpack unpacks a tarball, all of which is in one directory of whatever name, to dir.
func unpack(ctx context.Context, tarball, dir string) error {
	f, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer f.Close()
	outer := dir + ".unpacked"
	if err := droplet.Unpack(ctx, f, outer, droplet.Limits{}); err != nil {
		return err
	}
	tops, err := os.ReadDir(outer)
	if err != nil {
		return err
	}
	if len(tops) != 1 || !tops[0].IsDir() {
		return errors.New("it is not one directory")
	}
	if err := os.Rename(filepath.Join(outer, tops[0].Name()), dir); err != nil {
		return err
	}
	return makeReadable(dir)
}

// makeReadable mends the modes of modules that were packed on systems without: npm does that too.
func makeReadable(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case d != nil && d.IsDir():
			return os.Chmod(path, 0o755) // before it is read
		case err != nil || !d.Type().IsRegular():
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.Chmod(path, info.Mode().Perm()|0o644)
	})
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
