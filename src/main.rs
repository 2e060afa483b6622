fn main() {
    println!("")
}
