package git

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
)

// commit is a revision that means the same for ever.
var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Mirror is a mirror of the repository that has a revision: a commit, a tag or a branch. It is cloned once; it is brought up to date
// when it lacks the commit, and each time for what may have moved since. Nothing may be changed in it.
func (g Git) Mirror(ctx context.Context, r Repository, revision string) (dir string, err error) {
	if strings.HasPrefix(r.URL, "-") || strings.HasPrefix(revision, "-") {
		return "", fmt.Errorf("%q is no revision of a repository", revision)
	}
	if g.Remote && (!IsURL(r.URL) || strings.HasPrefix(strings.ToLower(r.URL), "file:")) { // its mirror may be there for somebody else
		return "", fmt.Errorf("%s is on this machine", r)
	}
	sum := sumOf(normal(r.URL))
	dir = filepath.Join(g.Cache, sum[:2], sum[2:4], sum[4:])
	unlock, err := g.lock(ctx, sum)
	if err != nil {
		return "", err
	}
	defer unlock()
	fresh := !exists(dir)
	if fresh {
		clone := func(part string) error {
			return g.run(ctx, r, plugin.Access{Write: []string{part}}, nil, "clone", "--quiet", "--mirror", "--", r.URL, part)
		}
		if err := whole(dir, clone); err != nil {
			return "", err
		}
	}
	own := plugin.Access{Write: []string{dir}}
	has := func() error { return g.run(ctx, r, own, nil, "--git-dir", dir, "cat-file", "-e", revision+"^{commit}") }
	lacks := has()
	if fresh || lacks == nil && commit.MatchString(revision) {
		return dir, lacks
	}
	switch err := g.run(ctx, r, own, nil, "--git-dir", dir, "fetch", "--quiet", "--prune", "origin"); {
	case err != nil && (lacks != nil || ctx.Err() != nil):
		return "", err
	case err != nil: // it has the revision of the last time
		return dir, nil
	}
	return dir, has()
}

// CheckOut writes the files of a revision, as of [Git.Mirror], to dest, which must not exist.
func (g Git) CheckOut(ctx context.Context, r Repository, revision, dest string) error {
	mirror, err := g.Mirror(ctx, r, revision)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dest, 0o755); err != nil {
		return err
	}
	index := []string{"GIT_INDEX_FILE=" + dest + ".index"} // the mirror's own is for nobody
	return g.run(ctx, r, plugin.Access{Read: []string{mirror}}, index, "--git-dir", mirror, "--work-tree", dest, "checkout", "--quiet", revision, "--", ".")
}

// normal is the form of an address by which its mirror is found.
func normal(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	u.Path = strings.TrimSuffix(u.Path, "/")
	return u.String()
}
