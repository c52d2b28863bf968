package bus

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// The embedded server is two buses in one, accounts in the words of NATS, which hear nothing of each other: the tutorial's, which is open to
// everybody, and the one of the records, with JetStream, for which one needs a password.
const (
	serverName     = "minicf"
	recordsAccount = "RECORDS"
	recordsUser    = "minicf-records"
	everybody      = "everybody"
	// noPassword looks like a hash, or nats-server would warn of plain passwords. Nobody compares it: see door.
	noPassword = "$2a$11$"
	// passwordFile is in the directory of the records: whoever may read that could read the records, too.
	passwordFile = "password"
)

// maxRecords is how much the records may take on the disk, if it was not said, in bytes.
const maxRecords = 256 << 20

// withRecords are the options of a server that keeps records. Without limits JetStream would reserve most of the machine.
func withRecords(o *server.Options, dir string, limit int64) error {
	if limit == 0 {
		limit = maxRecords
	}
	const memory = 1 << 20 // nothing is kept in memory alone, but 0 would mean without limit
	account := fmt.Sprintf("accounts { %s { jetstream { max_mem: %d, max_file: %d } } }", recordsAccount, memory, limit)
	if err := o.ProcessConfigString(account); err != nil {
		return err
	}
	o.JetStream, o.StoreDir = true, dir
	o.JetStreamMaxMemory, o.JetStreamMaxStore = memory, limit
	o.SyncAlways = true // what was answered is on the disk
	// Who says nothing at all, as people with telnet do, is somebody too.
	o.Users, o.NoAuthUser = []*server.User{{Username: everybody, Password: noPassword}}, everybody
	return nil
}

// door decides which account a connection belongs to.
type door struct {
	bus, records *server.Account
	password     string // set before the server starts
}

var _ server.Authentication = (*door)(nil)

// Check lets everybody onto the bus, whatever user and password they give, as a server without users does: configurations of 2012
// say nats:nats. Only who claims to come for the records must know the password.
func (d *door) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if o.Username != recordsUser {
		c.RegisterUser(&server.User{Username: everybody, Account: d.bus})
		return true
	}
	if d.password == "" || subtle.ConstantTimeCompare([]byte(o.Password), []byte(d.password)) == 0 {
		return false
	}
	c.RegisterUser(&server.User{Username: recordsUser, Account: d.records})
	return true
}

// readPassword is the password of the records in a directory.
func readPassword(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, passwordFile))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(text)), nil
}

// ensurePassword makes one up, the first time.
func ensurePassword(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	password, err := readPassword(dir)
	if err == nil && password != "" || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return password, err
	}
	password = Hex(16)
	fresh := filepath.Join(dir, passwordFile+".new")
	if err := os.WriteFile(fresh, []byte(password+"\n"), 0o600); err != nil {
		return "", err
	}
	return password, os.Rename(fresh, filepath.Join(dir, passwordFile))
}
