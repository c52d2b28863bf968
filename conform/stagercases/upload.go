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

const uploadFailed = "Failed uploading droplet"

func uploadChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "upload/multipart", Source: "staging §1.6", Level: suite.Core,
			About: "the droplet is sent with POST as multipart/form-data, once",
		}, Run: uploadMultipart},
		{Case: suite.Case{
			Name: "upload/part", Source: "staging §1.6, §6 K5", Level: suite.Core,
			About: "its only part is upload[droplet], droplet.tgz, application/octet-stream",
		}, Run: uploadPart},
		{Case: suite.Case{
			Name: "upload/basic-auth", Source: "staging §5.1 S1, §6 K5", Level: suite.Core,
			About: "user and password in upload_uri are sent as Basic auth",
		}, Run: uploadAuth},
		{Case: suite.Case{
			Name: "upload/unauthorized", Source: "staging §5.1 S5", Level: suite.Core,
			About: "a 401 is \"Failed uploading droplet\"",
		}, Run: failing(uploadFailed, app{status: http.StatusUnauthorized})},
		{Case: suite.Case{
			Name: "upload/server-error", Source: "staging §1.6", Level: suite.Required,
			About: "a 500 is \"Failed uploading droplet\"",
		}, Run: failing(uploadFailed, app{status: http.StatusInternalServerError})},
		{Case: suite.Case{
			Name: "upload/refused", Source: "staging §1.5", Level: suite.Required,
			About: "an address where nobody listens is \"Failed uploading droplet\"",
		}, Run: failing(uploadFailed, app{change: wire.Object{"upload_uri": depot.Refused()}})},
		{Case: suite.Case{
			Name: "upload/redirect", Source: "staging §6 Q9, §1.6", Level: suite.Required,
			About: "a redirect is \"Failed uploading droplet\"",
		}, Run: uploadRedirect},
		{Case: suite.Case{
			Name: "upload/any-success", Source: "staging §1.6", Level: suite.Required,
			About: "a 201 is as good as a 200",
		}, Run: func(ctx context.Context, k *Kit) error {
			_, _, err := k.stage(ctx, app{status: http.StatusCreated})
			return err
		}},
	}
}

// sent is what arrived of the sample.
func (k *Kit) sent(ctx context.Context) (depot.Arrival, error) {
	f, err := k.theSample(ctx)
	if err != nil {
		return depot.Arrival{}, err
	}
	return f.upload(ctx)
}

func uploadMultipart(ctx context.Context, k *Kit) error {
	a, err := k.sent(ctx)
	if err != nil {
		return err
	}
	n := len(k.sample.tray.Arrivals())
	if a.Method != http.MethodPost || a.Type != "multipart/form-data" || a.Problem != "" || n != 1 {
		return &suite.Mismatch{
			Why: "the droplet was sent otherwise", Expected: "one POST of multipart/form-data", Seen: fmt.Sprintf("%d, %s of %s %s", n, a.Method, a.Type, a.Problem),
		}
	}
	return nil
}

func uploadPart(ctx context.Context, k *Kit) error {
	a, err := k.sent(ctx)
	if err != nil {
		return err
	}
	var seen []string
	for _, p := range a.Parts {
		seen = append(seen, fmt.Sprintf("%s, %s, %s", p.Name, p.FileName, p.Type))
	}
	if want := "upload[droplet], droplet.tgz, application/octet-stream"; strings.Join(seen, "\n") != want {
		return &suite.Mismatch{Why: "the body has other parts", Expected: want, Seen: strings.Join(seen, "\n")}
	}
	return nil
}

func uploadAuth(ctx context.Context, k *Kit) error {
	t, _, err := k.stage(ctx, app{user: "foo:sekret"})
	if err != nil {
		return err
	}
	a, err := t.upload(ctx)
	if err == nil && (a.User != "foo" || a.Password != "sekret") {
		err = &suite.Mismatch{Why: "the droplet was sent by somebody else", Expected: `"foo", "sekret"`, Seen: wire.Show([]string{a.User, a.Password})}
	}
	return err
}

func uploadRedirect(ctx context.Context, k *Kit) error {
	t := k.task(app{status: http.StatusFound, location: k.depot.Accept(0, "").URL})
	o, err := t.reply(ctx)
	if err != nil {
		return err
	}
	if _, failed := o["error"]; !failed {
		return &suite.Known{What: "a redirect is taken for the success of an upload"}
	}
	if !strings.HasPrefix(o.Text("error"), prefix+uploadFailed) {
		return &suite.Mismatch{Why: "another error", Expected: prefix + uploadFailed, Seen: o.Text("error")}
	}
	return nil
}
