# The smallest file, and one with everything in it.
# schema: accepts
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps:
|       - run: make
$ slipway check
> slipway.yaml is good: project 'demo', jobs: 1, streams: 0, targets: 0
file whole.yaml
| slipway: 1
| project: greeter
| inputs:
|   level: { description: how much to test, default: fast, choices: [ fast, full ] }
| streams:
|   main:
|     tag: v{version}
|     scheme: semver
|     assets: [ "greeter-*.tar.gz", greeter ]
|     require: [ provenance, test-result ]
|     approvals: 1
|     signatures: [ openpgp, checksum, sshsig, minisign ]
|     notes: CHANGELOG.md
|     targets: [ site ]
| targets:
|   site: { type: directory }
| jobs:
|   build:
|     matrix:
|       arch: [ amd64, arm64 ]
|       libc: [ glibc, musl ]
|       exclude: [ { arch: arm64, libc: musl } ]
|       include: [ { arch: riscv64, libc: glibc }, { libc: musl, static: yes } ]
|     executor: sandbox
|     root: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
|     network: { allow: [ deb.debian.org, "10.0.0.1:3142" ] }
|     env: { CFLAGS: -O2, TARGET: "${matrix.arch}-${matrix.libc}", LEVEL: 1.20 }
|     timeout: 1h30m
|     retry: { exit-codes: [ 75 ], max: 2 }
|     limits: { memory: 1GiB, processes: 256, file-size: 1GiB, output-size: 2GiB, cpu: 200% }
|     when: { event: [ push, tag ], paths: [ "src/**", "!src/**/*.md" ] }
|     steps:
|       - run: |
|           ./configure
|           make
|       - { name: dist, run: [ make, dist ], env: { V: "1" }, timeout: 5m }
|       - { name: logs, run: cat config.log, always: true }
|     artifacts: [ "greeter-${version}-${matrix.arch}*.tar.gz" ]
|   version:
|     steps: [ { run: 'echo "number=$(cat VERSION)" > "$OUTPUT"' } ]
|     outputs: [ number ]
|   site:
|     needs: [ build, version ]
|     when: event == "tag" && tag =~ ["v*", "!v0.*"] || branch in ["main"]
|     executor: host
|     env: { NUMBER: "${needs.version.number}" }
|     steps: [ { run: make site } ]
$ slipway check whole.yaml
> whole.yaml is good: project 'greeter', jobs: 3, streams: 1, targets: 1
$ slipway plan whole.yaml --tag v1.2.3
> greeter, event tag, tag v1.2.3, version 1.2.3 of stream main
>   build (arch=amd64, libc=glibc)             sandbox, network allow, 3 steps, 1h30m
>   build (arch=amd64, libc=musl, static=yes)  sandbox, network allow, 3 steps, 1h30m
>   build (arch=arm64, libc=glibc)             sandbox, network allow, 3 steps, 1h30m
>   build (arch=riscv64, libc=glibc)           sandbox, network allow, 3 steps, 1h30m
>   version                                    sandbox, network none, 1 step, 1h
>   site                                       host, network open, 1 step, 1h; needs build, version
> 6 jobs, 0 skipped
$ slipway plan whole.yaml --branch dev --changed src/a.c
> greeter, event push, branch dev
>   build (arch=amd64, libc=glibc)             sandbox, network allow, 3 steps, 1h30m
>   build (arch=amd64, libc=musl, static=yes)  sandbox, network allow, 3 steps, 1h30m
>   build (arch=arm64, libc=glibc)             sandbox, network allow, 3 steps, 1h30m
>   build (arch=riscv64, libc=glibc)           sandbox, network allow, 3 steps, 1h30m
>   version                                    sandbox, network none, 1 step, 1h
>   site                                       skipped: event is 'push', not "tag", and branch is 'dev', not "main"
> 6 jobs, 1 skipped
$ slipway plan whole.yaml --branch main --changed src/README.md --input level=full
> greeter, event push, branch main
>   build (arch=amd64, libc=glibc)             skipped: no changed file fits "src/**", "!src/**/*.md"
>   build (arch=amd64, libc=musl, static=yes)  skipped: no changed file fits "src/**", "!src/**/*.md"
>   build (arch=arm64, libc=glibc)             skipped: no changed file fits "src/**", "!src/**/*.md"
>   build (arch=riscv64, libc=glibc)           skipped: no changed file fits "src/**", "!src/**/*.md"
>   version                                    sandbox, network none, 1 step, 1h
>   site                                       skipped: it needs 'build', which is skipped
> 6 jobs, 5 skipped
