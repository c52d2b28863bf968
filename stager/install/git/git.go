// Package git fetches repositories for staging: buildpacks, and the gems and Node.js modules that are in no package.
//
// In goes a URL, out comes a directory with the files of a branch ([Git.Fetch]) or of any revision ([Git.CheckOut]), or the mirror
// of a repository that has a revision ([Git.Mirror]). Each URL is cloned once, into the cache, and brought up to date when what is
// asked for may be newer. Without a network what the cache has is used. Everything is done by the program git, through the plugin's
// runner; it asks no questions, and what an address names is never run.
//
// In 2012 vcap-staging kept mirrors of the repositories of gems and modules (git_cache), and cloned buildpacks anew for each app.
package git

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
)

// Git is git for one staging.
type Git struct {
	W      *plugin.Workspace // lends the tools
	Env    []string          // "K=V" that git needs to reach the network
	Cache  string            // directory for clones, or for mirrors
	Remote bool              // what is on this machine counts as not there
}

// Repository is what to fetch.
type Repository struct {
	URL    string // without a fragment
	Branch string // or tag; "" is the default branch
}

// Parse splits "https://…/x.git#branch".
func Parse(address string) Repository {
	u, branch, _ := strings.Cut(address, "#")
	return Repository{URL: u, Branch: branch}
}

// IsURL reports whether an address is for git rather than a directory: it has a scheme, or is of the form user@host:path.
func IsURL(address string) bool {
	if strings.Contains(address, "://") {
		return true
	}
	host, _, colon := strings.Cut(address, ":")
	return colon && strings.Contains(host, "@") && !strings.Contains(host, "/")
}

// String is the address without what is secret in it.
func (r Repository) String() string {
	if u, err := url.Parse(r.URL); err == nil && u.User != nil {
		u.User = url.User(u.User.Username())
		return u.String()
	}
	return r.URL
}

// Environ is what git has to know to ask for no password, and to run no command that an address names.
func (g Git) Environ() []string {
	protocols := "http:https:git:ssh"
	if !g.Remote {
		protocols += ":file"
	}
	return append([]string{
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=" + protocols,
	}, g.Env...)
}

// run runs git for a repository, with more variables. The error is what git said at its end, without a password.
func (g Git) run(ctx context.Context, r Repository, access plugin.Access, env []string, args ...string) error {
	program, ok := g.W.Program("git")
	if !ok {
		return errors.New("there is no git on this machine")
	}
	output, err := g.W.RunToolWith(ctx, access, append(g.Environ(), env...), append([]string{program}, args...)...)
	switch {
	case err == nil || errors.Is(err, plugin.ErrNoTools):
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	said := plugin.LastLines(output, err)
	if r.URL != "" {
		said = strings.ReplaceAll(said, r.URL, r.String())
	}
	return errors.New(said)
}
