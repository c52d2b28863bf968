package droplet

import "fmt"

// Limits bound what one archive may unpack to, so that a small hostile archive
// cannot fill the disk. Zero (or negative) values mean those of [DefaultLimits].
type Limits struct {
	// Entries counts files, links and directories, also the directories that
	// an archive does not list but its files need.
	Entries int

	// Bytes counts the content of files in bytes as they are written, whatever
	// the headers of the archive claim.
	Bytes int64

	// LinksInto is a directory of the machine, by its absolute path, into which
	// symbolic links may lead; "" is none. Nothing is ever written through them.
	LinksInto string
}

// DefaultLimits returns 100,000 entries and 2 GiB: four times the 512 MiB that
// the cloud controller of 2012 accepted as an application.
func DefaultLimits() Limits {
	return Limits{Entries: 100_000, Bytes: 2 << 30}
}

func (l Limits) withDefaults() Limits {
	def := DefaultLimits()
	if l.Entries <= 0 {
		l.Entries = def.Entries
	}
	if l.Bytes <= 0 {
		l.Bytes = def.Bytes
	}
	// Room to add and multiply, for callers that say math.MaxInt.
	l.Entries, l.Bytes = min(l.Entries, 1<<30), min(l.Bytes, 1<<60)
	return l
}

// budget counts down the Limits while one archive is unpacked.
type budget struct {
	lim     Limits
	entries int
	bytes   int64
}

func (b *budget) addEntry(entry string) error {
	b.entries++
	if b.entries > b.lim.Entries {
		return &EntryError{entry, fmt.Sprintf("the archive holds more than %d entries", b.lim.Entries)}
	}
	return nil
}

// addBytes is asked before n more bytes are written.
func (b *budget) addBytes(entry string, n int64) error {
	if err := b.fits(entry, n); err != nil {
		return err
	}
	b.bytes += n
	return nil
}

// fits refuses a file that already claims too much, before a byte is written.
func (b *budget) fits(entry string, n int64) error {
	if n > b.lim.Bytes-b.bytes {
		return &EntryError{entry, fmt.Sprintf("the archive unpacks to more than %d bytes", b.lim.Bytes)}
	}
	return nil
}
