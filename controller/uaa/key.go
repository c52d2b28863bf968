package uaa

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keySize is that of the key in bytes: as long as what HMAC-SHA256 makes.
const keySize = 32

// openKey reads the key that tokens are signed with, and makes it up the first time. Whoever can read the file can be anybody.
func openKey(file string) ([]byte, error) {
	key, err := os.ReadFile(file)
	if err == nil && len(key) == keySize {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the key of the tokens: %w", err)
	}
	key = make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	if err := writeKey(file, key); err != nil {
		return nil, fmt.Errorf("write the key of the tokens: %w", err)
	}
	return key, nil
}

func writeKey(file string, key []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", key, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
