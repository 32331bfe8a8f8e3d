// SPDX-License-Identifier: Apache-2.0

// Command logreader reads a log of ours with Go's own checksum database code: the note is opened, every record is
// hashed and proved to be in the tree, and each older checkpoint given is proved to be a prefix.
// Usage: logreader URL VKEY [OLD_CHECKPOINT...]
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "logreader: "+format+"\n", args...)
	os.Exit(1)
}

func check(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

type reader struct {
	url   string
	tiles map[string][]byte
}

func (r reader) Height() int { return tileHeight }

func (r reader) get(path string) ([]byte, error) {
	answer, err := http.Get(r.url + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// A tile's address in C2SP tlog-tiles is the checksum database's without the height.
func address(t tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", tileHeight))
}

func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, known := r.tiles[address(tile)]
		if !known {
			var err error
			if data, err = r.get(address(tile)); err != nil {
				return nil, err
			}
			r.tiles[address(tile)] = data
		}
		all = append(all, data)
	}
	return all, nil
}

func (r reader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r reader) entries(size int64) [][]byte {
	var all [][]byte
	for first := int64(0); first < size; first += 1 << tileHeight {
		width := int(min(size-first, 1<<tileHeight))
		data, err := r.get(strings.Replace(address(tlog.Tile{H: tileHeight, L: 0, N: first >> tileHeight, W: width}), "tile/0/",
			"tile/entries/", 1))
		check(err, "entries")
		for range width {
			n := int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:2+n])
			data = data[2+n:]
		}
		if len(data) != 0 {
			fail("entries %d: %d bytes too many", first, len(data))
		}
	}
	return all
}

func open(text []byte, vkey string) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	check(err, "verifier key")
	opened, err := note.Open(text, note.VerifierList(verifier))
	check(err, "note")
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		fail("checkpoint of %q, wanted %q", lines[0], verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "size")
	root, err := base64.StdEncoding.DecodeString(lines[2])
	check(err, "root")
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree
}

func main() {
	r := reader{strings.TrimSuffix(os.Args[1], "/"), map[string][]byte{}}
	text, err := r.get("checkpoint")
	check(err, "checkpoint")
	tree := open(text, os.Args[2])
	hashes := tlog.TileHashReader(tree, r)
	root, err := tlog.TreeHash(tree.N, hashes)
	check(err, "tree")
	if root != tree.Hash {
		fail("the tiles give root %v, the checkpoint says %v", root, tree.Hash)
	}
	for i, entry := range r.entries(tree.N) {
		proof, err := tlog.ProveRecord(tree.N, int64(i), hashes)
		check(err, "prove record")
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), tlog.RecordHash(entry)), fmt.Sprintf("record %d", i))
	}
	for _, path := range os.Args[3:] {
		old, err := os.ReadFile(path)
		check(err, "old checkpoint")
		before := open(old, os.Args[2])
		proof, err := tlog.ProveTree(tree.N, before.N, hashes)
		check(err, "prove tree")
		check(tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash), path)
	}
	fmt.Printf("%d records\n", tree.N)
}
