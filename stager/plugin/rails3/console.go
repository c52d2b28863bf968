package rails3

import (
	"context"
	_ "embed"
	"fmt"
	"io"

	"github.com/minicf/minicf/stager/plugin"
)

const (
	consoleDir    = "cf-rails-console"
	consoleScript = consoleDir + "/rails_console.rb"
)

// ownConsole is used where the platform does not have the console of 2012.
//
//go:embed rails_console.rb
var ownConsole []byte

// addConsole puts the console into the app, and a name and a password for it where `vmc rails-console` looked for them.
func addConsole(ctx context.Context, w *plugin.Workspace) error {
	if dir, ok := w.Resource(consoleDir); ok {
		if err := w.CopyOver(ctx, dir, "app/"+consoleDir); err != nil {
			return err
		}
	} else if err := w.Write("app/"+consoleScript, ownConsole, 0o644); err != nil {
		return err
	}
	user, err := uuid(w.Random)
	if err != nil {
		return err
	}
	password, err := uuid(w.Random)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("---\nusername: %s\npassword: %s\n", user, password)
	return w.Write("app/"+consoleDir+"/.consoleaccess", []byte(text), 0o600)
}

// uuid makes a random one (version 4).
func uuid(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
