package stagercases

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

const downloadFailed = "Failed downloading app"

func downloadChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "download/get", Source: "staging §1.6", Level: suite.Required,
			About: "the app is fetched once, with GET",
		}, Run: downloadGet},
		{Case: suite.Case{
			Name: "download/basic-auth", Source: "staging §5.1 S1, §1.6", Level: suite.Core,
			About: "user and password in download_uri are sent as Basic auth",
		}, Run: func(ctx context.Context, k *Kit) error { return k.fetchedBy(ctx, "foo:sekret", "foo", "sekret") }},
		{Case: suite.Case{
			Name: "download/no-auth", Source: "staging §1.6", Level: suite.Required,
			About: "without them there is no Basic auth",
		}, Run: func(ctx context.Context, k *Kit) error { return k.fetchedBy(ctx, "", "", "") }},
		{Case: suite.Case{
			Name: "download/literal-password", Source: "staging §1.6", Level: suite.Optional,
			About: "a % in the password is sent as it stands in the URI",
		}, Run: func(ctx context.Context, k *Kit) error { return k.fetchedBy(ctx, "foo:se%40kret", "foo", "se%40kret") }},
		{Case: suite.Case{
			Name: "download/not-found", Source: "staging §5.1 S2", Level: suite.Core,
			About: "a 404 is \"Failed downloading app\"",
		}, Run: failing(downloadFailed, app{download: &depot.Download{Status: http.StatusNotFound}})},
		{Case: suite.Case{
			Name: "download/server-error", Source: "staging §1.5", Level: suite.Required,
			About: "a 500 is \"Failed downloading app\", even with an app in its body",
		}, Run: failing(downloadFailed, app{download: &depot.Download{Status: http.StatusInternalServerError}})},
		{Case: suite.Case{
			Name: "download/refused", Source: "staging §1.5", Level: suite.Required,
			About: "an address where nobody listens is \"Failed downloading app\"",
		}, Run: failing(downloadFailed, app{change: wire.Object{"download_uri": depot.Refused()}})},
		{Case: suite.Case{
			Name: "download/redirect", Source: "staging §6 Q9, §1.6", Level: suite.Required,
			About: "a redirect is not followed, and \"Failed downloading app\"",
		}, Run: downloadRedirect},
	}
}

// failing wants an app to fail.
func failing(want string, a app) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		_, _, err := k.fail(ctx, a, want)
		return err
	}
}

func downloadGet(ctx context.Context, k *Kit) error {
	f, err := k.theSample(ctx)
	if err != nil {
		return err
	}
	if all := f.file.Fetches(); len(all) != 1 || all[0].Method != http.MethodGet {
		return &suite.Mismatch{Why: "the app was fetched otherwise", Expected: "one GET", Seen: wire.Show(all)}
	}
	return nil
}

// fetchedBy stages an app with a user in its URIs, and wants that one to fetch it.
func (k *Kit) fetchedBy(ctx context.Context, user, name, password string) error {
	t, _, err := k.stage(ctx, app{user: user})
	if err != nil {
		return err
	}
	f, err := t.file.Fetched(ctx)
	if err != nil {
		return err
	}
	if f.User != name || f.Password != password || f.Authorized != (user != "") {
		return &suite.Mismatch{Why: "the app was fetched by somebody else", Expected: fmt.Sprintf("%q, %q", name, password), Seen: wire.Show(f)}
	}
	return nil
}

// downloadRedirect leads to a real app. In 2012 the body of the redirect itself was taken for the app.
func downloadRedirect(ctx context.Context, k *Kit) error {
	real := k.depot.Offer(depot.Download{Body: depot.Zip([]depot.Entry{{Name: "app.rb", Text: sinatraApp}})})
	t := k.task(app{download: &depot.Download{Status: http.StatusFound, Location: real.URL, Body: []byte("moved")}})
	o, err := t.reply(ctx)
	if err != nil {
		return err
	}
	switch text := o.Text("error"); {
	case len(real.Fetches()) > 0:
		return &suite.Mismatch{Why: "the redirect was followed", Expected: "an error", Seen: o.String()}
	case strings.HasPrefix(text, prefix+downloadFailed):
		return nil
	case strings.HasPrefix(text, prefix+unpackFailed):
		return &suite.Known{What: "the body of a redirect is taken for the app"}
	}
	return &suite.Mismatch{Why: "another error, or none", Expected: prefix + downloadFailed, Seen: o.String()}
}
