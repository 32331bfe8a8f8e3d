// SPDX-License-Identifier: Apache-2.0

// judge: sigstore-go says of each bundle whether it holds. Usage:
//
//	judge TRUSTED_ROOT KEY_OR_IDENTITY ARTIFACT FOLDER
//
// FOLDER holds bundles NAME.json; a line "NAME<tab>accepted" or "NAME<tab>refused: why" is printed for
// each. KEY_OR_IDENTITY: a PEM file, or "identity=SAN,issuer=URL" for keyless bundles.
package main

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
)

type material struct {
	root.TrustedMaterial
	keys root.TrustedMaterial
}

func (m *material) PublicKeyVerifier(hint string) (root.TimeConstrainedVerifier, error) {
	return m.keys.PublicKeyVerifier(hint)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func loadKey(path string) root.TrustedMaterial {
	text, err := os.ReadFile(path)
	fail(err)
	block, _ := pem.Decode(text)
	if block == nil {
		fail(fmt.Errorf("%s: no PEM", path))
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	fail(err)
	verifier, err := signature.LoadVerifier(key, crypto.SHA256)
	fail(err)
	return root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return root.NewExpiringKey(verifier, time.Time{}, time.Time{}), nil
	})
}

func judge(trusted root.TrustedMaterial, policy verify.PolicyOption, keyless bool, artifact, path string) error {
	parsed, err := bundle.LoadJSONFromPath(path)
	if err != nil {
		return err
	}
	options := []verify.VerifierOption{verify.WithTransparencyLog(1), verify.WithSignedTimestamps(1)}
	if keyless {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	verifier, err := verify.NewVerifier(trusted, options...)
	if err != nil {
		return err
	}
	file, err := os.Open(artifact)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = verifier.Verify(parsed, verify.NewPolicy(verify.WithArtifact(file), policy))
	return err
}

func main() {
	if len(os.Args) != 5 {
		fail(fmt.Errorf("usage: judge TRUSTED_ROOT KEY_OR_IDENTITY ARTIFACT FOLDER"))
	}
	trusted, err := root.NewTrustedRootFromPath(os.Args[1])
	fail(err)
	var all root.TrustedMaterial = trusted
	policy := verify.WithKey()
	who, keyless := strings.CutPrefix(os.Args[2], "identity=")
	if keyless {
		san, issuer, _ := strings.Cut(who, ",issuer=")
		identity, err := verify.NewShortCertificateIdentity(issuer, "", san, "")
		fail(err)
		policy = verify.WithCertificateIdentity(identity)
	} else {
		all = &material{trusted, loadKey(os.Args[2])}
	}
	paths, err := filepath.Glob(filepath.Join(os.Args[4], "*.json"))
	fail(err)
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		if err := judge(all, policy, keyless, os.Args[3], path); err != nil {
			fmt.Printf("%s\trefused: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Printf("%s\taccepted\n", name)
		}
	}
}
