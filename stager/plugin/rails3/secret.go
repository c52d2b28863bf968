package rails3

import (
	"bytes"
	"encoding/hex"
	"io"

	"github.com/minicf/minicf/stager/plugin"
)

// secret makes the key without which a Rails of today does not start, and "" for an app that brings its own. All instances
// need the same, so it is made when the app is staged.
func secret(w *plugin.Workspace) (string, error) {
	if own, err := hasSecret(w); own || err != nil {
		return "", err
	}
	key := make([]byte, 64)
	_, err := io.ReadFull(w.Random, key)
	return hex.EncodeToString(key), err
}

// hasSecret looks where Rails does: into secrets.yml, which `rails new` of Rails 4 and 5 made ask for SECRET_KEY_BASE, and for
// encrypted credentials with the key to them.
func hasSecret(w *plugin.Workspace) (bool, error) {
	secrets, err := w.ReadApp("config/secrets.yml")
	if err != nil {
		return false, &plugin.StagingError{Message: err.Error()}
	}
	key := w.Setting("RAILS_MASTER_KEY") != ""
	own := len(secrets) > 0 && !bytes.Contains(secrets, []byte("SECRET_KEY_BASE")) ||
		w.HasSource("config/credentials.yml.enc") && (key || w.HasSource("config/master.key")) ||
		w.HasSource("config/credentials/production.yml.enc") && (key || w.HasSource("config/credentials/production.key"))
	return own, nil
}
