package gems

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/minicf/minicf/stager/plugin"
)

const (
	connectLimit = 5 * time.Second  // as wget was given in 2012
	answerLimit  = 30 * time.Second // for the first byte; the whole is limited by the staging
	maxGem       = 512 << 20        // bytes
)

func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectLimit}).DialContext,
		ResponseHeaderTimeout: answerLimit,
		IdleConnTimeout:       connectLimit,
	}}
}

// errNotThere is what a source says that does not have a file.
var errNotThere = errors.New("404 Not Found")

// fetch gets a gem from the first source that has it, into the cache.
func (t *Tools) fetch(ctx context.Context, c cache, gem plugin.Gem, sources []string) (string, error) {
	if len(sources) == 0 {
		return "", missing(gem, errors.New("neither Gemfile.lock nor platform.yml (gem_source) names a server"))
	}
	var errs []error
	for _, source := range sources {
		for _, name := range packageNames(gem) {
			err := t.get(ctx, c, source, name)
			if ctx.Err() != nil {
				return "", context.Cause(ctx)
			}
			if err == nil {
				return c.blessed(name), nil
			}
			if !errors.Is(err, errNotThere) || name == gem.FileName() {
				errs = append(errs, err)
			}
		}
	}
	return "", missing(gem, errors.Join(errs...))
}

// get fetches one file.
func (t *Tools) get(ctx context.Context, c cache, source, name string) error {
	u, err := url.Parse(source)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q is no server to fetch gems from", source)
	}
	u = u.JoinPath("gems", name)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	resp, err := t.http.Do(req)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // the URL may have a password in it
	}
	if err != nil {
		return fmt.Errorf("get %s: %w", u.Redacted(), err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusForbidden: // as object stores say it
		return fmt.Errorf("get %s: %w", u.Redacted(), errNotThere)
	default:
		return fmt.Errorf("get %s: %s", u.Redacted(), resp.Status)
	}
	if err := c.save(resp.Body, name); err != nil {
		return fmt.Errorf("get %s: %w", u.Redacted(), err)
	}
	return nil
}

// save keeps a package that was fetched.
func (c cache) save(body io.Reader, name string) error {
	dir, err := c.temp()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, name)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(body, maxGem+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if n > maxGem {
		return fmt.Errorf("it is larger than %d bytes", maxGem)
	}
	if err := os.MkdirAll(filepath.Dir(c.blessed(name)), 0o755); err != nil {
		return err
	}
	return os.Rename(path, c.blessed(name))
}
