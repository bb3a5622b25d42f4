// The 16550A, register by register (PC16550D data sheet).

import { expect } from "chai";
import { Uart16550 } from "../../../src/devices/uart16550.ts";
import { goesOnFromSavedStates, refusesBrokenStates, standsRandomAccesses } from "../../support/device-hostility.ts";
import type { Subject } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testSeed } from "../../support/seed.ts";

const DATA = 0, IER = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7;
const DLAB = 0x80, OUT2 = 8, LOOP = 0x10;

function bench() {
  const clock = new FakeClock(), sent: number[] = [];
  let level = false, rooms = 0;
  const uart = new Uart16550(clock, (isHigh) => { level = isHigh; });
  uart.connect({ transmit: (byte) => sent.push(byte), roomAgain: () => { rooms++; } });
  uart.readByte(MSR);
  return { uart, clock, sent, irq: () => level, rooms: () => rooms };
}

describe("Uart16550", () => {
  it("keeps scratch, line control and the divisor behind DLAB", () => {
    const { uart } = bench();
    uart.writeByte(SCR, 0xa5);
    uart.writeByte(LCR, DLAB | 3);
    uart.writeByte(DATA, 0x34);
    uart.writeByte(IER, 0x12);
    expect([uart.readByte(SCR), uart.readByte(LCR), uart.readByte(DATA), uart.readByte(IER)]).to.deep.equal([0xa5, 0x83, 0x34, 0x12]);
    uart.writeByte(LCR, 3);
    expect(uart.readByte(IER)).to.equal(0);
  });

  it("has only the bits of IER and MCR that exist", () => {
    const { uart } = bench();
    uart.writeByte(IER, 0xff);
    uart.writeByte(MCR, 0xff);
    expect([uart.readByte(IER), uart.readByte(MCR)]).to.deep.equal([0x0f, 0x1f]);
  });

  it("transmits at once, and is empty", () => {
    const { uart, sent } = bench();
    uart.writeByte(DATA, 0x41);
    expect([sent, uart.readByte(LSR)]).to.deep.equal([[0x41], 0x60]);
  });

  it("interrupts when the transmitter is empty, until IIR is read or a byte is written", () => {
    const { uart, irq } = bench();
    uart.writeByte(MCR, OUT2);
    uart.writeByte(IER, 2);
    expect([irq(), uart.readByte(IIR), irq(), uart.readByte(IIR)]).to.deep.equal([true, 2, false, 1]);
    uart.writeByte(DATA, 1);
    expect([irq(), uart.readByte(IIR)]).to.deep.equal([true, 2]);
  });

  it("receives one byte without a FIFO, and overruns with the next", () => {
    const { uart, irq, rooms } = bench();
    uart.writeByte(MCR, OUT2);
    uart.writeByte(IER, 1);
    expect(uart.receive([1, 2])).to.equal(1);
    expect([irq(), uart.readByte(IIR), uart.readByte(LSR), uart.readByte(DATA), irq(), uart.readByte(LSR), rooms()]).to.deep.equal([true, 4, 0x61, 1, false, 0x60, 1]);
    uart.receive([5]);
    uart.receiveBreak();
    expect(uart.readByte(LSR)).to.equal(0x60 | 1 | 2 | 0x10);
    expect(uart.readByte(LSR)).to.equal(0x61);
  });

  it("tells of FIFOs in IIR, and interrupts at the trigger level or after four characters' time", () => {
    const { uart, clock, irq } = bench();
    uart.writeByte(MCR, OUT2);
    uart.writeByte(IER, 1);
    uart.writeByte(FCR, 0x81); // 8 bytes
    uart.receive([1, 2, 3, 4, 5, 6, 7]);
    expect([irq(), uart.readByte(IIR)]).to.deep.equal([false, 0xc1]);
    clock.advance(4 * 10 * 1e9 / 9600 - 1000);
    expect(irq()).to.equal(false);
    clock.advance(2000);
    expect([irq(), uart.readByte(IIR)]).to.deep.equal([true, 0xcc]);
    uart.readByte(DATA);
    expect(irq()).to.equal(false);
    uart.receive([8, 9]);
    expect([irq(), uart.readByte(IIR)]).to.deep.equal([true, 0xc4]);
  });

  it("holds 16 bytes, in order, and clears them", () => {
    const { uart } = bench();
    uart.writeByte(FCR, 1);
    expect(uart.receive(Array.from({ length: 20 }, (_, i) => i))).to.equal(16);
    expect([uart.readByte(DATA), uart.readByte(DATA)]).to.deep.equal([0, 1]);
    uart.writeByte(FCR, 3);
    expect(uart.readByte(LSR)).to.equal(0x60);
  });

  it("puts line errors before data, and data before the transmitter", () => {
    const { uart } = bench();
    uart.writeByte(IER, 7);
    uart.receiveBreak();
    expect(uart.readByte(IIR)).to.equal(6);
    uart.readByte(LSR);
    expect(uart.readByte(IIR)).to.equal(4);
    uart.readByte(DATA);
    expect([uart.readByte(IIR), uart.readByte(IIR)]).to.deep.equal([2, 1]);
  });

  it("loops data and modem lines back, and is disconnected then", () => {
    const { uart, sent, irq } = bench();
    uart.writeByte(IER, 1);
    uart.writeByte(MCR, LOOP | 0x0a); // RTS and OUT2
    expect(uart.readByte(MSR) & 0xf0).to.equal(0x90);
    uart.writeByte(DATA, 0x77);
    expect([sent, uart.readByte(LSR) & 1, uart.readByte(DATA), irq()]).to.deep.equal([[], 1, 0x77, false]);
  });

  it("tells what has changed of the modem lines, once", () => {
    const { uart } = bench();
    uart.connect(null);
    expect([uart.readByte(MSR), uart.readByte(MSR)]).to.deep.equal([0x0b, 0]);
    uart.writeByte(IER, 8);
    uart.connect({ transmit: () => undefined, roomAgain: () => undefined });
    expect([uart.readByte(IIR), uart.readByte(MSR), uart.readByte(IIR)]).to.deep.equal([0, 0xbb, 1]);
  });

  it("interrupts only with OUT2", () => {
    const { uart, irq } = bench();
    uart.writeByte(IER, 2);
    expect(irq()).to.equal(false);
    uart.writeByte(MCR, OUT2);
    expect(irq()).to.equal(true);
  });
});

describe("Uart16550 under hostile software", () => {
  function make(): Subject {
    const clock = new FakeClock(), device = new Uart16550(clock, () => undefined);
    device.connect({ transmit: () => undefined, roomAgain: () => undefined });
    return {
      device, clock, ports: 8,
      disturb: (random) => {
        if (random.below(10) === 0) device.receiveBreak();
        else device.receive(Array.from({ length: random.below(20) }, () => random.below(256)));
      },
    };
  }

  it("stands random accesses", () => standsRandomAccesses(make(), testSeed(16550)));
  it("goes on from saved states", () => goesOnFromSavedStates(() => ({ ...make(), disturb: () => undefined }), testSeed(16551)));
  it("refuses broken states", () => refusesBrokenStates(make));
});
