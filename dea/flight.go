package dea

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Limits of a download. In 2012 there were none, and a cloud controller that hung held an instance
// in STARTING for good.
const (
	headerLimit = 30 * time.Second // until the answer begins
	stallLimit  = 30 * time.Second // without a byte
	totalLimit  = 15 * time.Minute
)

// pending is behind the name of a file that is being downloaded.
const pending = ".pending"

// flight is one droplet on its way to staged/, and then there, as long as somebody unpacks it.
type flight struct {
	want   wanted
	cancel context.CancelFunc
	landed chan struct{} // closed when what follows is known

	file *os.File
	size int64
	err  error

	users int // guarded by fetcher.mu; at 0 nobody may join any more
}

// newClient returns the client side of downloads. It knows no proxies, since droplets come from
// next door, and follows no redirects: in 2012 nobody did.
func newClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{ResponseHeaderTimeout: headerLimit, DisableCompression: true, IdleConnTimeout: time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// join takes part in the download of a droplet, which it begins when nobody has. The error is
// ctx's.
func (f *fetcher) join(ctx context.Context, w wanted) (*flight, error) {
	for {
		fl, joined := f.board(ctx, w)
		if joined {
			return fl, nil
		}
		select {
		case <-fl.landed: // everybody left it; it is only being tidied up
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *fetcher) board(ctx context.Context, w wanted) (fl *flight, joined bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl = f.flights[w.name]; fl != nil {
		if fl.users == 0 {
			return fl, false
		}
		fl.users++
		f.logSharing(fl)
		return fl, true
	}
	// The download is everybody's who joins: it ends when the last of them leaves, not when the
	// first one's ctx does.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), totalLimit)
	fl = &flight{want: w, cancel: cancel, landed: make(chan struct{}), users: 1}
	f.flights[w.name] = fl
	f.work.Go(func() { f.fly(ctx, fl) })
	return fl, true
}

// logSharing says when a start has to wait for another one's download.
func (f *fetcher) logSharing(fl *flight) {
	select {
	case <-fl.landed:
	default:
		f.log.Info("Waiting on another download already in progress", "droplet", fl.want.name)
	}
}

// leave ends one user's interest. The last one's ends the download, or removes the droplet unless the cache keeps it.
func (f *fetcher) leave(fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.users--
	if fl.users > 0 {
		return
	}
	fl.cancel()
	select {
	case <-fl.landed:
		f.remove(fl)
	default: // fly removes it
	}
}

func (f *fetcher) fly(ctx context.Context, fl *flight) {
	defer fl.cancel()
	file, size, err := f.bring(ctx, fl.want)
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.file, fl.size, fl.err = file, size, err
	close(fl.landed)
	if err != nil || fl.users == 0 {
		f.remove(fl)
	}
}

// remove forgets a flight, once. The caller holds fetcher.mu.
func (f *fetcher) remove(fl *flight) {
	if f.flights[fl.want.name] != fl {
		return
	}
	delete(f.flights, fl.want.name)
	if fl.file == nil {
		return
	}
	fl.file.Close()
	path := filepath.Join(f.dir, fl.want.name)
	switch {
	case f.keep:
		return
	case f.keeps(fl):
		touch(path)
		f.evict()
		return
	}
	if err := os.Remove(path); err != nil {
		f.log.Warn("droplet was not removed", "error", err)
	}
}

// bring opens a droplet in staged/, and downloads it first when it is not there or not what it
// should be.
func (f *fetcher) bring(ctx context.Context, w wanted) (*os.File, int64, error) {
	path := filepath.Join(f.dir, w.name)
	if f.staged(w) {
		if file, size, err := f.inCache(path, w); err == nil {
			return file, size, nil
		}
	}
	if err := f.download(ctx, w, path); err != nil {
		return nil, 0, fmt.Errorf("download %s: %w", shownURL(w.uri), err)
	}
	return openRegular(path)
}

// inCache opens a droplet that lies in staged/, if it has the right hash.
func (f *fetcher) inCache(path string, w wanted) (*os.File, int64, error) {
	file, size, err := openRegular(path)
	if err != nil {
		return nil, 0, err
	}
	if err := checkSum(file, w.sum); err != nil {
		file.Close()
		f.log.Warn("staged droplet is damaged, fetching it again", "file", path, "error", err)
		return nil, 0, err
	}
	f.log.Info("Found staged bits in local cache.", "file", path)
	return file, size, nil
}

// download writes what the address answers into path, which appears only when it is complete and
// right.
func (f *fetcher) download(ctx context.Context, w wanted, path string) error {
	file, err := os.OpenFile(path+pending, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	err = f.get(ctx, w.uri, file)
	if err == nil {
		err = checkSum(file, w.sum)
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(path+pending, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path+pending))
	}
	return nil
}

func (f *fetcher) get(ctx context.Context, uri string, to io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return withoutURL(err)
	}
	res, err := f.client.Do(req)
	if err != nil {
		return withoutURL(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the answer is %s", res.Status)
	}
	stall := time.AfterFunc(stallLimit, func() { cancel(fmt.Errorf("nothing came for %v", stallLimit)) })
	defer stall.Stop()
	body := &progress{res.Body, func() { stall.Reset(stallLimit) }}
	n, err := io.Copy(to, io.LimitReader(body, f.limit+1))
	if err != nil && context.Cause(ctx) != nil {
		err = context.Cause(ctx)
	}
	if err == nil && n > f.limit {
		err = fmt.Errorf("longer than %d bytes", f.limit)
	}
	return err
}

// shownURL is a URL as it may stand in a log: without a password, and not at all when it is none.
func shownURL(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "executableUri"
	}
	return u.Redacted()
}

// wait returns when no download runs any more. Nobody may open another one then.
func (f *fetcher) wait() {
	f.work.Wait()
	f.client.CloseIdleConnections()
}

// withoutURL takes the URL, which stands before these errors already, and without its password, out
// of them.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// progress reports every read that brought something.
type progress struct {
	io.Reader
	moved func()
}

func (p *progress) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if n > 0 {
		p.moved()
	}
	return n, err
}
