package node

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
)

const (
	autoconfigFile   = "autoconfig.js"
	autoconfigModule = "cf-autoconfig"
)

// autoconfigure makes the app start by way of autoconfig.js, which loads the module cf-autoconfig of 2012 before the app's own
// main file. The app may decline that, or do it itself by means of cf-runtime. A platform without the module, as today's
// are, leaves the app alone and says so.
func (a *app) autoconfigure(ctx context.Context) error {
	if a.manifest.noAutoconfig {
		return nil
	}
	if uses, err := a.usesRuntimeModule(ctx); uses || err != nil {
		return err
	}
	module, ok := a.w.Resource(autoconfigModule)
	if !ok {
		a.w.Log.Info("Auto-reconfiguration disabled because the platform has no " + autoconfigModule + ".")
		return nil
	}
	start, err := a.startCommand(ctx)
	if err != nil || start.shell {
		return err
	}
	words, err := splitWords(start.text)
	if err != nil {
		return err
	}
	main, err := checkedName(words[0])
	if err != nil {
		return err
	}
	words[0] = autoconfigFile
	a.start = &command{text: joinWords(words)}
	return a.addAutoconfig(ctx, module, main)
}

// usesRuntimeModule reports whether a file cf-runtime/package.json is anywhere in the app.
func (a *app) usesRuntimeModule(ctx context.Context) (bool, error) {
	found := errors.New("found")
	err := filepath.WalkDir(a.w.AppDir(), func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case d.Name() == packageFile && filepath.Base(filepath.Dir(name)) == "cf-runtime":
			return found
		}
		return nil
	})
	if errors.Is(err, found) {
		return true, nil
	}
	return false, err
}

func (a *app) addAutoconfig(ctx context.Context, module, main string) error {
	at := path.Join("app/node_modules", autoconfigModule)
	if err := a.w.Remove(at); err != nil {
		return err
	}
	if err := a.w.CopyIn(ctx, module, at); err != nil {
		return err
	}
	return a.w.Write("app/"+autoconfigFile, []byte(`process.argv[1] = require("path").resolve("`+main+`");
require("cf-autoconfig");
process.nextTick(require("module").Module.runMain);
`), 0o644)
}
