package deacases

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/minicf/minicf/conform/suite"
)

func (v *viewer) unauthorized(ctx context.Context) error {
	p, err := v.ask(ctx, http.MethodGet, v.base+"/app/hello.txt", false)
	if err != nil {
		return err
	}
	return p.is(http.StatusUnauthorized)
}

// row is a line of a listing.
func row(name, size string) string { return fmt.Sprintf("%-35s %10s", name, size) }

func (v *viewer) root(ctx context.Context) error {
	p, err := v.get(ctx, "/")
	if err != nil {
		return err
	}
	return p.is(http.StatusOK, row("app/", "-")+"\n"+row("logs/", "-"))
}

func (v *viewer) listing(ctx context.Context) error {
	p, err := v.get(ctx, "/app/listing")
	if err != nil {
		return err
	}
	if err := p.is(http.StatusOK, strings.Join([]string{row("a.txt", "402B"), row("b.txt", "1.2K"), row("c/", "-")}, "\n")); err != nil {
		return err
	}
	return p.has("Content-Type", "text/plain")
}

func (v *viewer) file(ctx context.Context) error {
	p, err := v.get(ctx, "/app/hello.txt")
	if err != nil {
		return err
	}
	if err := p.is(http.StatusOK, helloText); err != nil {
		return err
	}
	for name, value := range map[string]string{"Content-Type": "text/plain", "Content-Length": fmt.Sprint(len(helloText)), "Last-Modified": ""} {
		if err := p.has(name, value); err != nil {
			return err
		}
	}
	return nil
}

func (v *viewer) unlisted(ctx context.Context) error {
	p, err := v.get(ctx, "/run.pid")
	if err != nil {
		return err
	}
	return p.is(http.StatusOK)
}

func (v *viewer) missing(ctx context.Context) error {
	p, err := v.get(ctx, "/app/not-there")
	if err != nil {
		return err
	}
	return p.is(http.StatusNotFound, "Entity not found.\n")
}

func (v *viewer) scripts(ctx context.Context) error {
	return v.forbidden(ctx, "/startup", "/stop")
}

func (v *viewer) dots(ctx context.Context) error {
	return v.forbidden(ctx, "/app/../app/hello.txt", "/app/%2e%2e/app/hello.txt")
}

func (v *viewer) linkOutside(ctx context.Context) error {
	return v.forbidden(ctx, "/app/outside/passwd", "/app/outside")
}

func (v *viewer) forbidden(ctx context.Context, paths ...string) error {
	for _, path := range paths {
		p, err := v.get(ctx, path)
		if err != nil {
			return err
		}
		if err := p.is(http.StatusForbidden, "Not accessible\n"); err != nil {
			return err
		}
	}
	return nil
}

func (v *viewer) linkInside(ctx context.Context) error {
	p, err := v.get(ctx, "/app/inside")
	if err != nil {
		return err
	}
	return p.is(http.StatusOK, helloText)
}

func (v *viewer) byteRange(ctx context.Context) error {
	p, err := v.get(ctx, "/app/hello.txt", "Range: bytes=0-3")
	if err != nil {
		return err
	}
	if err := p.is(http.StatusPartialContent, helloText[:4]); err != nil {
		return err
	}
	return p.has("Content-Range", fmt.Sprintf("bytes 0-3/%d", len(helloText)))
}

func (v *viewer) badRange(ctx context.Context) error {
	p, err := v.get(ctx, "/app/hello.txt", "Range: bytes=1000-2000")
	if err != nil {
		return err
	}
	return p.is(http.StatusRequestedRangeNotSatisfiable)
}

func (v *viewer) head(ctx context.Context) error {
	p, err := v.ask(ctx, http.MethodHead, v.base+"/app/hello.txt", true)
	if err != nil {
		return err
	}
	if err := p.is(http.StatusOK, ""); err != nil {
		return err
	}
	return p.has("Content-Length", fmt.Sprint(len(helloText)))
}

func (v *viewer) others(ctx context.Context) error {
	p, err := v.ask(ctx, http.MethodGet, v.base[:strings.LastIndexByte(v.base, '/')+1], true)
	if err != nil {
		return err
	}
	return p.is(http.StatusOK, "")
}

func filesOfCrash(ctx context.Context, k *Kit) error {
	if _, err := k.viewer(ctx); err != nil {
		return err
	}
	f, err := k.theCrash(ctx)
	if err != nil {
		return err
	}
	v, err := k.viewerOf(ctx, f.app)
	if err != nil {
		return err
	}
	p, err := v.get(ctx, "/run.pid")
	if err != nil {
		return err
	}
	if err := p.is(http.StatusOK); err != nil {
		return err
	}
	if want := fmt.Sprintf("%d\n", f.PID); p.body != want {
		return &suite.Mismatch{Why: "the file has other content", Expected: want, Seen: p.body}
	}
	return nil
}
