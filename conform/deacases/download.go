package deacases

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

func downloadChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "download/not-found", Source: "running §8.26, §3.3", Level: suite.Required,
			About: "a droplet that is a 404 makes the app unregister, with the port null, and exit as CRASHED",
		}, Run: downloadFails(spec{name: "gone", download: notHere()})},
		{Case: suite.Case{
			Name: "download/refused", Source: "running §8.26, §3.3", Level: suite.Required,
			About: "a droplet from where nobody listens does the same",
		}, Run: downloadFails(spec{name: "refused", change: wire.Object{"executableUri": depot.Refused()}})},
		{Case: suite.Case{
			Name: "download/no-archive", Source: "running §8.16, §3.3", Level: suite.Required,
			About: "a droplet that is no tgz does the same",
		}, Run: downloadFails(spec{name: "garbage", download: &depot.Download{Body: []byte(strings.Repeat("garbage", 1000))}})},
		{Case: suite.Case{
			Name: "download/no-record", Source: "running §8.26, §3.1", Level: suite.Required,
			About: "an app whose droplet cannot be had is forgotten at once",
		}, Run: downloadForgets},
		{Case: suite.Case{
			Name: "download/error-status", Source: "running §10 (fix 4), §3.3", Level: suite.Required,
			About: "a droplet that comes with a 404 is not run",
		}, Run: downloadUnchecked(spec{name: "status", download: &depot.Download{Status: http.StatusNotFound}}, "the status of a download is not looked at")},
		{Case: suite.Case{
			Name: "download/wrong-sha1", Source: "running §10 (fix 4), §3.3", Level: suite.Required,
			About: "a droplet that is not the one whose SHA1 was named is not run",
		}, Run: downloadUnchecked(spec{name: "wrong", change: wire.Object{"sha1": strings.Repeat("0123456789", 4)}}, "the SHA1 of a droplet is not verified")},
		{Case: suite.Case{
			Name: "download/name-for-sha1", Source: "running §11.1", Level: suite.Core,
			About: "a sha1 that is no hash, as the tutorial's \"SHA1\", is just a name",
		}, Run: func(ctx context.Context, k *Kit) error {
			a, err := k.start(ctx, spec{name: "named", change: wire.Object{"sha1": "SHA1-" + newID()}})
			defer a.end(ctx)
			return err
		}},
		{Case: suite.Case{
			Name: "download/once-for-all", Source: "running §8.8, §3.3", Level: suite.Required,
			About: "starts that want the same droplet at the same time share one download",
		}, Run: downloadOnce},
		{Case: suite.Case{
			Name: "download/shared-file", Source: "running §1.2 (executableFile), §3.3", Level: suite.Optional,
			About: "a droplet that lies at executableFile is not downloaded",
		}, Run: downloadShared},
		{Case: suite.Case{
			Name: "download/get", Source: "running §3.3", Level: suite.Required,
			About: "the droplet is fetched with GET and without credentials",
		}, Run: downloadGet},
	}
}

// downloadFails wants the messages of an app that was never unpacked, in their order.
func downloadFails(s spec) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		a, err := k.launch(ctx, s)
		defer a.end(ctx)
		if err != nil {
			return err
		}
		if _, err := a.await(ctx, a.mark, protocol.DropletExited.String()); err != nil {
			return err
		}
		said := k.wire.Since(a.mark, a.tells)
		if len(said) != 2 || said[0].Subject != protocol.RouterUnregister.String() {
			return &suite.Mismatch{Why: "other messages, or in another order", Expected: "router.unregister, droplet.exited", Seen: wire.Lines(said)}
		}
		if err := (wire.Shape{{Key: "port", Kind: wire.Null()}, {Key: "uris", Kind: wire.Is(a.message["uris"])}}).Check("router.unregister", said[0].Object); err != nil {
			return err
		}
		return wire.Shape{
			{Key: "reason", Kind: wire.Is(protocol.ExitCrashed)}, {Key: "crash_timestamp", Kind: wire.Int()}, {Key: "index", Kind: wire.Is(0)},
		}.Check("droplet.exited", said[1].Object)
	}
}

func downloadForgets(ctx context.Context, k *Kit) error {
	a, err := k.launch(ctx, spec{name: "forgotten", download: notHere()})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if _, err := a.await(ctx, a.mark, protocol.DropletExited.String()); err != nil {
		return err
	}
	return a.notFound(ctx)
}

// notHere is a download that no DEA can take for a droplet.
func notHere() *depot.Download {
	return &depot.Download{Status: http.StatusNotFound, Body: []byte("There is nothing here.\n")}
}

// downloadUnchecked wants an app not to be run, which a DEA of 2012 did.
func downloadUnchecked(s spec, in2012 string) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		a, err := k.launch(ctx, s)
		defer a.end(ctx)
		if err != nil {
			return err
		}
		m, err := k.await(ctx, a.mark, "a droplet.exited for "+a.droplet, func(m wire.Message) bool {
			return a.tells(m) && (m.Subject == protocol.DropletExited.String() || m.Subject == protocol.RouterRegister.String())
		}, a.said)
		if err != nil {
			return err
		}
		if m.Subject == protocol.RouterRegister.String() {
			return &suite.Known{What: in2012}
		}
		return wire.Shape{{Key: "reason", Kind: wire.Is(protocol.ExitCrashed)}}.Check("droplet.exited", m.Object)
	}
}

// downloadOnce holds the download back until all starts have surely arrived.
func downloadOnce(ctx context.Context, k *Kit) error {
	if k.single {
		return k.oneOnly()
	}
	gate := make(chan struct{})
	a, err := k.launch(ctx, spec{
		name: "shared", memory: 2 * appMemory, download: &depot.Download{Gate: gate}, change: wire.Object{"limits": wire.Object{"mem": appMemory}},
	})
	defer a.end(ctx)
	if err != nil {
		close(gate)
		return err
	}
	mark := a.mark
	if err = a.again(); err == nil {
		err = k.listsBoth(ctx, a)
	}
	a.mark = mark
	k.pause(ctx)
	close(gate)
	if err != nil {
		return err
	}
	if _, err := a.routes(ctx, 2); err != nil {
		return err
	}
	fetches := slices.DeleteFunc(a.file.Fetches(), func(f depot.Fetch) bool { return f.Method != http.MethodGet })
	if len(fetches) != 1 {
		return &suite.Mismatch{Why: "the droplet was not downloaded once", Expected: "one download", Seen: wire.Show(fetches)}
	}
	return nil
}

func downloadShared(ctx context.Context, k *Kit) error {
	dir, err := os.MkdirTemp("", "minicf-conform-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	a := k.prepare(spec{name: "file"})
	path := filepath.Join(dir, "droplet.tgz")
	if err := os.WriteFile(path, a.file.Body, 0o644); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the DEA may be somebody else
		return err
	}
	a.message["executableFile"] = path
	defer a.end(ctx)
	if err := a.begin(ctx); err != nil {
		return err
	}
	if err := a.awaitRunning(ctx); err != nil {
		return err
	}
	if len(a.file.Fetches()) > 0 {
		return &suite.Skip{Why: "the DEA does not share a disk with the kit (force_http_sharing, or another machine)"}
	}
	return nil
}

func downloadGet(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{name: "get"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	for _, f := range a.file.Fetches() {
		if f.Method == http.MethodGet && !f.Authorized {
			return nil
		}
	}
	return &suite.Mismatch{Why: "the droplet was not fetched so", Expected: "GET without credentials", Seen: wire.Show(a.file.Fetches())}
}
